#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Shares follow load: demand beyond the nearest site, a site that slows down, a drained site
# Alone: it compares shares that follow load
exec "$(dirname "${BASH_SOURCE[0]}")/run" steering
