#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A reload of the same configuration sends nothing; one UPDATE degrades a whole site
exec "$(dirname "${BASH_SOURCE[0]}")/carriers" "$@"
