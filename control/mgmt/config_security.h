/* SPDX-License-Identifier: BSD-2-Clause */
/* How sessions are protected: the part of config.c that knows the grouping `security`. */
#pragma once
#include "base/secret.h"
#include "mgmt/config.h"
#include "mgmt/model.h"

/* All but the keys' octets. external: the neighbour is, or may be, of another AS. */
void security_values(const struct model *model, const struct lyd_node *node, bool external,
		     struct socket_options *ret);

/* What the leaf's file holds, see secret_read(); what is wrong with it is a fault at the leaf. */
void secret_value(const struct model *model, const struct lyd_node *leaf, uint8_t ret[SECRET_MAX],
		  size_t *ret_len, struct fault_list *faults);

/* The keys' octets, from their files. What is wrong with a file is a fault at its path, which never
 * holds anything of what is in the file. */
void secrets_read(const struct model *model, struct config *config, struct fault_list *faults);
void secrets_forget(struct config *config);

/* What must hold between neighbours and ranges, and no `must` of margay.yang can say. */
void security_check(const struct model *model, const struct config *config,
		    struct fault_list *faults);
