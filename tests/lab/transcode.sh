#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Real ffmpeg jobs at sites with CPU quotas: the edge first, the cloud for what it cannot take, none lost by a drain
exec "$(dirname "${BASH_SOURCE[0]}")/run" transcode
