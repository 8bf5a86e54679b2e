#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A site without metrics is steered by what an ingress sees of its own flows
exec "$(dirname "${BASH_SOURCE[0]}")/run" observed
