/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file, from its bytes to values: whatever it holds, it is taken or refused with
 * a fault. */
#include "base/util.h"
#include "mgmt/config.h"

#include <stdio.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *config = NULL;
	_cleanup_(closep) int fd = memfd_create("config", 0);
	char file[32];
	int r;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	r = config_inspect(file, &config, &faults);
	if ((r == 0) != (config != NULL) || (r == 0) != fault_list_empty(&faults))
		__builtin_trap();
	return 0;
}
