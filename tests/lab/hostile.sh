#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Runts, truncated and contradictory frames from a client get a verdict with a counter, and the
exec "$(dirname "${BASH_SOURCE[0]}")/run" hostile
