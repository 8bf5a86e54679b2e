#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A site's death is noticed by withdrawal and by the loss of its BGP session: new flows avoid it
# Alone: it bounds how long new flows go on to a dead site
exec "$(dirname "${BASH_SOURCE[0]}")/run" failover
