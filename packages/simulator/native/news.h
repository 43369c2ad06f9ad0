#ifndef SIMULATED_STEAM_NEWS_H
#define SIMULATED_STEAM_NEWS_H

#include "pipes.h"

/* Takes in one line of the journal: what simulated Steam says to all, or to this pipe's user. */
void news_receive(struct pipe *pipe, const struct json_object *line);

#endif
