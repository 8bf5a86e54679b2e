#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# a site whose load an exporter tells; the exporter hangs, dies and lies
exec "$(dirname "${BASH_SOURCE[0]}")/run" collect
