#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Real ffmpeg jobs at sites with CPU quotas: the edge first, the cloud for what it cannot take, none lost by a drain
# Alone: it measures jobs under CPU quotas
exec "$(dirname "${BASH_SOURCE[0]}")/run" transcode
