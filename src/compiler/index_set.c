/**
 * @file index_set.c
 * @brief Unions of index sets: merging of short arrays, Patricia trees of words of 64 elements.
 *
 * An object of the arena starts with a head: the number of elements of a flat set; LEAF, then the word's
 * number and its two halves; BRANCH | bit, then the prefix and two handles; MOVED | place while collecting.
 */
#include "compiler/index_set.h"

#include <stdlib.h>
#include <string.h>

#define LEAF UINT32_C(0x20000000)
#define BRANCH UINT32_C(0x40000000)
#define MOVED UINT32_C(0x80000000)

enum { NODE = 4 };

/** A node of a tree, read or to be written. */
typedef struct node {
  bool     leaf;
  uint32_t bit,
      prefix; /**< of a branch: the bit that tells the sides apart; word numbers above it */
  uint32_t left, right;
  uint64_t bits; /**< of a leaf */
} node;

bool ude_sets_open(ude_sets *sets, void (*fail)(void *context), void *context) {
  *sets          = (ude_sets){.fail = fail, .context = context, .capacity = 1 << 12};
  sets->arena    = ude_calloc(sets->capacity, sizeof *sets->arena);
  sets->memo     = ude_calloc(UDE_SET_MEMO, sizeof *sets->memo);
  sets->known    = ude_calloc(UDE_SET_MEMO, sizeof *sets->known);
  sets->used     = 1; /* place 0 would be the handle UDE_SET_SINGLES, which {2^31 - 1} has */
  bool available = sets->arena && sets->memo && sets->known;
  if (!available) {
    ude_sets_close(sets);
  }
  return available;
}

void ude_sets_close(ude_sets *sets) {
  free(sets->arena);
  free(sets->memo);
  free(sets->known);
  free(sets->moving);
  *sets = (ude_sets){0};
}

static uint32_t place(ude_sets *s, size_t words) {
  if (s->used + words > s->capacity) {
    size_t    wanted = 2 * s->capacity + words;
    uint32_t *wider =
        wanted < UDE_SET_SINGLES ? ude_realloc(s->arena, wanted, sizeof *wider) : NULL;
    if (!wider) {
      s->fail(s->context);
      return 0;
    }
    s->arena    = wider;
    s->capacity = wanted;
  }
  size_t at = s->used;
  s->used += words;
  return (uint32_t)at;
}

static bool is_single(uint32_t set) {
  return set <= UDE_SET_SINGLES;
}

static const uint32_t *object(const ude_sets *s, uint32_t set) {
  return s->arena + (set - UDE_SET_SINGLES);
}

static bool is_tree(const ude_sets *s, uint32_t set) {
  return !is_single(set) && *object(s, set) > UDE_SET_FLAT;
}

/* Elements of a set that is not a tree; `one` holds that of a single. */
static const uint32_t *elements(const ude_sets *s, uint32_t set, uint32_t *one, uint32_t *count) {
  if (is_single(set)) {
    *one   = set - 1;
    *count = set ? 1 : 0;
    return one;
  }
  *count = *object(s, set);
  return object(s, set) + 1;
}

/* ------------------------------------------------------------------------------------ trees -- */

static node read_node(const ude_sets *s, uint32_t set) {
  const uint32_t *at = object(s, set);
  if (*at == LEAF) {
    return (node){.leaf = true, .prefix = at[1], .bits = at[2] | (uint64_t)at[3] << 32};
  }
  return (node){.bit = *at & 31, .prefix = at[1], .left = at[2], .right = at[3]};
}

static uint32_t make_leaf(ude_sets *s, uint32_t word, uint64_t bits) {
  uint32_t  at = place(s, NODE);
  uint32_t *to = s->arena + at;
  to[0]        = LEAF;
  to[1]        = word;
  to[2]        = (uint32_t)bits;
  to[3]        = (uint32_t)(bits >> 32);
  return at + UDE_SET_SINGLES;
}

static uint32_t make_branch(ude_sets *s, uint32_t bit, uint32_t prefix, uint32_t left,
                            uint32_t right) {
  uint32_t  at = place(s, NODE);
  uint32_t *to = s->arena + at;
  to[0]        = BRANCH | bit;
  to[1]        = prefix;
  to[2]        = left;
  to[3]        = right;
  return at + UDE_SET_SINGLES;
}

/* A branch above two trees that have no common one. */
static uint32_t join(ude_sets *s, uint32_t a, uint32_t prefix_a, uint32_t b, uint32_t prefix_b) {
  uint32_t bit    = 31 - (uint32_t)__builtin_clz(prefix_a ^ prefix_b);
  uint32_t prefix = (uint32_t)((uint64_t)prefix_a >> (bit + 1) << (bit + 1));
  return prefix_a >> bit & 1 ? make_branch(s, bit, prefix, b, a)
                             : make_branch(s, bit, prefix, a, b);
}

/* Does a word number or prefix lie below the branch? */
static bool below(const node *branch, uint32_t prefix) {
  return (uint64_t)prefix >> (branch->bit + 1) == (uint64_t)branch->prefix >> (branch->bit + 1);
}

static uint32_t tree_union(ude_sets *s, uint32_t a, uint32_t b);

/* Union with what lies wholly on one side of the branch a. */
static uint32_t into(ude_sets *s, uint32_t a, const node *x, uint32_t b, uint32_t prefix) {
  bool     right = prefix >> x->bit & 1;
  uint32_t old   = right ? x->right : x->left;
  uint32_t side  = tree_union(s, old, b);
  if (side == old) {
    return a;
  }
  return right ? make_branch(s, x->bit, x->prefix, x->left, side)
               : make_branch(s, x->bit, x->prefix, side, x->right);
}

/* The depth is at most that of word numbers: 26. */
// NOLINTNEXTLINE(misc-no-recursion)
static uint32_t tree_union(ude_sets *s, uint32_t a, uint32_t b) {
  if (a == b) {
    return a;
  }
  node x = read_node(s, a), y = read_node(s, b);
  if (x.leaf && y.leaf) {
    if (x.prefix != y.prefix) {
      return join(s, a, x.prefix, b, y.prefix);
    }
    uint64_t bits = x.bits | y.bits;
    return bits == x.bits ? a : bits == y.bits ? b : make_leaf(s, x.prefix, bits);
  }
  if (!x.leaf && !y.leaf && x.bit == y.bit && x.prefix == y.prefix) {
    uint32_t left = tree_union(s, x.left, y.left), right = tree_union(s, x.right, y.right);
    if (left == x.left && right == x.right) {
      return a;
    }
    return left == y.left && right == y.right ? b : make_branch(s, x.bit, x.prefix, left, right);
  }
  if (!x.leaf && (y.leaf || x.bit > y.bit) && below(&x, y.prefix)) {
    return into(s, a, &x, b, y.prefix);
  }
  if (!y.leaf && (x.leaf || y.bit > x.bit) && below(&y, x.prefix)) {
    return into(s, b, &y, a, x.prefix);
  }
  return join(s, a, x.prefix, b, y.prefix);
}

static bool tree_has(const ude_sets *s, uint32_t tree, uint32_t word, uint64_t bits) {
  for (;;) {
    node x = read_node(s, tree);
    if (x.leaf) {
      return x.prefix == word && (x.bits & bits) == bits;
    }
    if (!below(&x, word)) {
      return false;
    }
    tree = word >> x.bit & 1 ? x.right : x.left;
  }
}

/* Add sorted elements to a tree (0: none yet). */
static uint32_t tree_add(ude_sets *s, uint32_t tree, const uint32_t *from, uint32_t count) {
  for (uint32_t k = 0; k < count;) {
    uint32_t word = from[k] >> 6;
    uint64_t bits = 0;
    for (; k < count && from[k] >> 6 == word; k++) {
      bits |= UINT64_C(1) << (from[k] & 63);
    }
    if (!tree || !tree_has(s, tree, word, bits)) {
      uint32_t leaf = make_leaf(s, word, bits);
      tree          = tree ? tree_union(s, tree, leaf) : leaf;
    }
  }
  return tree;
}

/* ------------------------------------------------------------------------------------ union -- */

static uint32_t hash_flat(const uint32_t *from, uint32_t count) {
  uint64_t hash = count;
  for (uint32_t k = 0; k < count; k++) {
    hash = (hash ^ from[k]) * UINT64_C(0x9E3779B97F4A7C15);
    hash ^= hash >> 29;
  }
  return (uint32_t)(hash >> 16);
}

static uint32_t make_flat(ude_sets *s, const uint32_t *from, uint32_t count) {
  uint32_t *slot = &s->known[hash_flat(from, count) % UDE_SET_MEMO];
  if (*slot) {
    const uint32_t *at = object(s, *slot);
    if (*at == count && !memcmp(at + 1, from, count * sizeof *from)) {
      return *slot;
    }
  }
  uint32_t at  = place(s, count + 1);
  s->arena[at] = count;
  memcpy(s->arena + at + 1, from, count * sizeof *from);
  return *slot = at + UDE_SET_SINGLES;
}

static uint32_t flat_union(ude_sets *s, uint32_t a, uint32_t b) {
  uint32_t        one[2], merged[2 * UDE_SET_FLAT], m, n, i = 0, j = 0, count = 0;
  const uint32_t *x = elements(s, a, &one[0], &m), *y = elements(s, b, &one[1], &n);
  while (i < m && j < n) {
    uint32_t next = x[i] < y[j] ? x[i] : y[j];
    i += x[i] == next;
    j += y[j] == next;
    merged[count++] = next;
  }
  while (i < m) {
    merged[count++] = x[i++];
  }
  while (j < n) {
    merged[count++] = y[j++];
  }
  if (count == m) {
    return a;
  }
  if (count == n) {
    return b;
  }
  return count <= UDE_SET_FLAT ? make_flat(s, merged, count) : tree_add(s, 0, merged, count);
}

uint32_t ude_set_union(ude_sets *s, uint32_t a, uint32_t b) {
  if (a == b || !b) {
    return a;
  }
  if (!a) {
    return b;
  }
  if (a > b) {
    uint32_t swap = a;
    a             = b;
    b             = swap;
  }
  uint32_t      hash = (a * UINT32_C(0x9E3779B1) ^ b * UINT32_C(0x85EBCA77)) >> 7;
  ude_set_memo *memo = &s->memo[hash % UDE_SET_MEMO];
  if (memo->a == a && memo->b == b) {
    return memo->result;
  }
  bool     tree_a = is_tree(s, a), tree_b = is_tree(s, b);
  uint32_t result;
  if (tree_a && tree_b) {
    result = tree_union(s, a, b);
  } else if (tree_a || tree_b) {
    uint32_t        copy[UDE_SET_FLAT], one, count;
    const uint32_t *from = elements(s, tree_a ? b : a, &one, &count);
    memcpy(copy, from, count * sizeof *copy); /* the arena may move */
    result = tree_add(s, tree_a ? a : b, copy, count);
  } else {
    result = flat_union(s, a, b);
  }
  *memo = (ude_set_memo){a, b, result};
  return result;
}

/* ---------------------------------------------------------------------------------- reading -- */

// NOLINTNEXTLINE(misc-no-recursion)
static size_t tree_count(const ude_sets *s, uint32_t tree) {
  node x = read_node(s, tree);
  return x.leaf ? (size_t)__builtin_popcountll(x.bits)
                : tree_count(s, x.left) + tree_count(s, x.right);
}

size_t ude_set_count(const ude_sets *s, uint32_t set) {
  if (is_tree(s, set)) {
    return tree_count(s, set);
  }
  uint32_t one, count;
  elements(s, set, &one, &count);
  return count;
}

// NOLINTNEXTLINE(misc-no-recursion)
static int64_t *tree_write(const ude_sets *s, uint32_t tree, int64_t *out) {
  node x = read_node(s, tree);
  if (!x.leaf) {
    return tree_write(s, x.right, tree_write(s, x.left, out));
  }
  for (uint64_t bits = x.bits; bits; bits &= bits - 1) {
    *out++ = (int64_t)x.prefix * 64 + __builtin_ctzll(bits);
  }
  return out;
}

void ude_set_write(const ude_sets *s, uint32_t set, int64_t *out) {
  if (is_tree(s, set)) {
    tree_write(s, set, out);
    return;
  }
  uint32_t        one, count;
  const uint32_t *from = elements(s, set, &one, &count);
  for (uint32_t k = 0; k < count; k++) {
    out[k] = from[k];
  }
}

// NOLINTNEXTLINE(misc-no-recursion)
static bool tree_equal(const ude_sets *s, uint32_t a, uint32_t b) {
  if (a == b) {
    return true;
  }
  node x = read_node(s, a), y = read_node(s, b);
  if (x.leaf != y.leaf || x.prefix != y.prefix) {
    return false;
  }
  if (x.leaf) {
    return x.bits == y.bits;
  }
  return x.bit == y.bit && tree_equal(s, x.left, y.left) && tree_equal(s, x.right, y.right);
}

bool ude_set_equal(const ude_sets *s, uint32_t a, uint32_t b) {
  if (a == b) {
    return true;
  }
  if (is_tree(s, a) || is_tree(s, b)) {
    return is_tree(s, a) && is_tree(s, b) && tree_equal(s, a, b);
  }
  uint32_t        one[2], m, n;
  const uint32_t *x = elements(s, a, &one[0], &m), *y = elements(s, b, &one[1], &n);
  return m == n && !memcmp(x, y, m * sizeof *x);
}

// NOLINTNEXTLINE(misc-no-recursion)
static uint32_t tree_hash(const ude_sets *s, uint32_t tree) {
  node     x    = read_node(s, tree);
  uint64_t hash = x.leaf ? (x.bits ^ x.prefix) * UINT64_C(0x9E3779B97F4A7C15)
                         : (tree_hash(s, x.left) + UINT64_C(0x9E3779B97F4A7C15)) *
                               (tree_hash(s, x.right) | UINT64_C(0x100000001));
  return (uint32_t)(hash >> 24);
}

uint32_t ude_set_hash(const ude_sets *s, uint32_t set) {
  if (is_tree(s, set)) {
    return tree_hash(s, set);
  }
  uint32_t        one, count;
  const uint32_t *from = elements(s, set, &one, &count);
  return hash_flat(from, count);
}

/* ------------------------------------------------------------------------------- collection -- */

bool ude_sets_move_begin(ude_sets *s) {
  size_t    capacity = s->used / 2 + (1 << 12);
  uint32_t *fresh    = ude_calloc(capacity, sizeof *fresh);
  if (!fresh) {
    return false;
  }
  s->moving      = s->arena;
  s->moving_used = s->used;
  s->arena       = fresh;
  s->capacity    = capacity;
  s->used        = 1;
  memset(s->memo, 0, UDE_SET_MEMO * sizeof *s->memo);
  memset(s->known, 0, UDE_SET_MEMO * sizeof *s->known);
  return true;
}

// NOLINTNEXTLINE(misc-no-recursion)
uint32_t ude_sets_move(ude_sets *s, uint32_t set) {
  if (is_single(set)) {
    return set;
  }
  uint32_t *from = s->moving + (set - UDE_SET_SINGLES), head = *from;
  if (head & MOVED) {
    return (head & ~MOVED) + UDE_SET_SINGLES;
  }
  uint32_t copy[UDE_SET_FLAT + 1], words = head > UDE_SET_FLAT ? NODE : head + 1;
  memcpy(copy, from, words * sizeof *copy);
  if (head & BRANCH) {
    copy[2] = ude_sets_move(s, copy[2]);
    copy[3] = ude_sets_move(s, copy[3]);
  }
  uint32_t at = place(s, words);
  memcpy(s->arena + at, copy, words * sizeof *copy);
  *from = at | MOVED;
  return at + UDE_SET_SINGLES;
}

void ude_sets_move_end(ude_sets *s) {
  free(s->moving);
  s->moving = NULL;
}
