/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The faults of a configuration file as an answer; `margay check` makes the same without a daemon.
 */
#pragma once
#include "mgmt/answer.h"
#include "mgmt/config.h"

/* Reads the file: {"result":"good",...} and, where ret_config is not NULL, the configuration; or an
 * error whose "faults" lists each with file, line, column, code, path, message and hint. */
json_t *config_answer(const char *file, struct config **ret_config);
