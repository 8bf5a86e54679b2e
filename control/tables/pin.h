/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pins below the pin directory, as PIN_DIR/ROOM/NAME: rooms are the maps' ABI version, "links"
 * and "dispatched".
 * Private to control/tables.
 */
#pragma once

/* Makes the directory where it is missing and locks it: two daemons would fight over the tables. 0,
 * or negative errno, and the log has the remedy. */
int pin_dir_open(const char *pin_dir, int *ret_lock);

/* A dot in NAME stands as ':' in the file system, which reserves dots and cannot have the other. */
int pin_get(const char *pin_dir, const char *room, const char *name, int *ret_fd);
int pin_put(const char *pin_dir, const char *room, const char *name, int fd);
int pin_remove(const char *pin_dir, const char *room, const char *name);
/* Calls back for each name in a room. */
void pin_list(const char *pin_dir, const char *room, void (*visit)(void *user, const char *name),
	      void *user);
