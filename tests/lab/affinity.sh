#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A running connection is never moved by a metric change: 2,000 of them while the metrics of every
exec "$(dirname "${BASH_SOURCE[0]}")/run" affinity
