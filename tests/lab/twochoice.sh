#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Two choices: new flows leave a slow site by what this router sees of its own; no flow moves
# Alone: it compares shares that follow load
exec "$(dirname "${BASH_SOURCE[0]}")/run" twochoice
