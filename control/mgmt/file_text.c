/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/file_text.h"

#include "base/util.h"
#include "mgmt/yaml_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int file_text(const char *file, char **ret_text, size_t *ret_len)
{
	_cleanup_(closep) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_(freep) char *text = NULL;
	struct stat status;
	size_t len = 0;
	ssize_t n;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	text = malloc(YAML_TREE_BYTES_MAX + 1);
	if (!text)
		return -ENOMEM;
	while ((n = read(fd, text + len, YAML_TREE_BYTES_MAX + 1 - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		return -errno;
	if (len > YAML_TREE_BYTES_MAX)
		return -EFBIG;
	*ret_text = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}
