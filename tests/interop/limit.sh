#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The best paths of Add-Path, told to FRR, BIRD, GoBGP and OpenBGPD
exec "$(dirname "${BASH_SOURCE[0]}")/limit" "$@"
