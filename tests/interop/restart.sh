#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# margayd restarts with FRR and BIRD as helper: no route goes, no packet is lost
exec "$(dirname "${BASH_SOURCE[0]}")/restart" "$@"
