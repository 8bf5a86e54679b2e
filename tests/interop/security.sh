#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# TCP MD5, RFC 5082 and ranges of neighbours, with FRR, BIRD and GoBGP
exec "$(dirname "${BASH_SOURCE[0]}")/security" "$@"
