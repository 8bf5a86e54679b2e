/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads a BPF object as it is and says what the kernel makes of it: for each program one line
 * "note NAME: N instructions, N verified, N octets of machine code". Status 1, after libbpf's own
 * words, where the kernel's verifier refuses it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

static int program_report(const struct bpf_program *program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len) < 0)
		return -1;
	printf("note %s: %zu instructions, %u verified, %u octets of machine code\n",
	       bpf_program__name(program), (size_t)info.xlated_prog_len / sizeof(struct bpf_insn),
	       info.verified_insns, info.jited_prog_len);
	return info.verified_insns ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct bpf_object *object = argc == 2 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program *program;
	int r = object ? bpf_object__load(object) : -1;

	bpf_object__for_each_program(program, object) if (r >= 0) r = program_report(program);
	if (r < 0)
		fprintf(stderr, "%s: refused: %s\n", argc == 2 ? argv[1] : "usage: programs FILE",
			strerror(-r));
	bpf_object__close(object);
	return r < 0;
}
