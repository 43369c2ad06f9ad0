#include "table.h"

#include <stdlib.h>

struct table_slot {
  uint64_t key;
  void *value; /* NULL: free */
};

static size_t home_of(const struct table *table, uint64_t key) {
  /* SteamIDs differ in their low half alone; the multiplier (2^64 divided by the golden ratio) spreads them. */
  return (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (table->capacity - 1);
}

static struct table_slot *find(const struct table *table, uint64_t key) {
  if (table->capacity == 0) return NULL;
  size_t at = home_of(table, key);
  while (table->slots[at].value && table->slots[at].key != key) at = (at + 1) & (table->capacity - 1);
  return &table->slots[at];
}

void *table_get(const struct table *table, uint64_t key) {
  struct table_slot *slot = find(table, key);
  return slot ? slot->value : NULL;
}

static bool grow(struct table *table) {
  struct table larger = {NULL, table->capacity ? table->capacity * 2 : 16, table->count};
  larger.slots = calloc(larger.capacity, sizeof *larger.slots);
  if (!larger.slots) return false;
  for (size_t i = 0; i < table->capacity; i++) {
    if (table->slots[i].value) *find(&larger, table->slots[i].key) = table->slots[i];
  }
  free(table->slots);
  *table = larger;
  return true;
}

bool table_put(struct table *table, uint64_t key, void *value) {
  /* At most three quarters full, so that `find` always meets a free slot. */
  if (4 * (table->count + 1) > 3 * table->capacity && !grow(table)) return false;
  struct table_slot *slot = find(table, key);
  if (!slot->value) table->count++;
  slot->key = key;
  slot->value = value;
  return true;
}

void *table_remove(struct table *table, uint64_t key) {
  struct table_slot *slot = find(table, key);
  if (!slot || !slot->value) return NULL;
  void *value = slot->value;
  size_t mask = table->capacity - 1;
  size_t hole = (size_t)(slot - table->slots);
  /* Moves back what stands behind the hole and would no longer be found across it. */
  for (size_t at = (hole + 1) & mask; table->slots[at].value; at = (at + 1) & mask) {
    size_t distance = (at - home_of(table, table->slots[at].key)) & mask;
    if (distance < ((at - hole) & mask)) continue;
    table->slots[hole] = table->slots[at];
    hole = at;
  }
  table->slots[hole].value = NULL;
  table->count--;
  return value;
}

void table_clear(struct table *table, void (*dispose)(void *value)) {
  for (size_t i = 0; dispose && i < table->capacity; i++) {
    if (table->slots[i].value) dispose(table->slots[i].value);
  }
  free(table->slots);
  *table = (struct table){NULL, 0, 0};
}
