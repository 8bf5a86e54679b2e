#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# margay trace and margay capture on live routers
exec "$(dirname "${BASH_SOURCE[0]}")/run" trace
