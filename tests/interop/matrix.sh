#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# margayd as egress and ingress with other speakers beside and between; the tables of README.md
exec "$(dirname "${BASH_SOURCE[0]}")/matrix" "$@"
