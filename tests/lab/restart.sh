#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kill -9 of an ingress' margayd under load costs no request; the next start adopts what stands
exec "$(dirname "${BASH_SOURCE[0]}")/run" restart
