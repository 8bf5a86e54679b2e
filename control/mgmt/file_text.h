/* SPDX-License-Identifier: BSD-2-Clause */
/* A file of YAML as text. Private to config.c and those that read for it. */
#pragma once
#include <stddef.h>

/* *ret_text is to be freed. 0 or -errno; -EFBIG: more than YAML_TREE_BYTES_MAX. */
int file_text(const char *file, char **ret_text, size_t *ret_len);
