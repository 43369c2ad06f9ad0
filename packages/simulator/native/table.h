#ifndef SIMULATED_STEAM_TABLE_H
#define SIMULATED_STEAM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A hash table from 64-bit keys to pointers that are not NULL. All zero is an empty one. */
struct table {
  struct table_slot *slots;
  size_t capacity;
  size_t count;
};

void *table_get(const struct table *table, uint64_t key);

/* Puts or replaces; false when there is no memory left. */
bool table_put(struct table *table, uint64_t key, void *value);

/* Takes out and returns what was there, or NULL. */
void *table_remove(struct table *table, uint64_t key);

/* Empties the table, handing each value to `dispose`, which may be NULL. */
void table_clear(struct table *table, void (*dispose)(void *value));

#endif
