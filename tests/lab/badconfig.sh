#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A broken configuration changes nothing and names its line
exec "$(dirname "${BASH_SOURCE[0]}")/run" badconfig
