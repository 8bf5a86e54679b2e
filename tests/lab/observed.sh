#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A site without metrics is steered by what an ingress sees of its own flows
# Alone: it times flows and bounds how soon a share follows
exec "$(dirname "${BASH_SOURCE[0]}")/run" observed
