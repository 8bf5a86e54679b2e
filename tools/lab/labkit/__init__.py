# SPDX-License-Identifier: BSD-2-Clause
"""The lab: a small operator network in namespaces, and the story that tools/demo tells on it."""
