#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# bpftool prints names and values for every map; no line of it is a raw dump
exec "$(dirname "${BASH_SOURCE[0]}")/run" maps
