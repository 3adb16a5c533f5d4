/**
 * @file abstract.h
 * @brief An abstract machine that runs the IR of a map over index sets: which inputs may each output depend on?
 *
 * A value is a number that is known, one of a few, in a range, or unknown; and the set of inputs that it
 * depends on. Integers and addresses that do not depend on the inputs are known, so that loops and array
 * accesses are followed exactly. Where control depends on an unknown number the machine goes every
 * way: each way is a *version* of the state (versions.c); versions that reach the same block in
 * the same iteration become one, whose values are the unions. A loop with an unknown exit goes round until nothing
 * new comes in. Derivatives of comparisons and conversions to integers are zero: these drop the set.
 *
 * For second derivatives a set stands for a pair (G, H): the inputs, and the products of sets that
 * have a nonzero second derivative (provenance polynomials cut at degree 2; Gowda et al., NeurIPS workshop 2019).
 *
 * All functions leave by ude_walk_leave or ude_refuse on a failure.
 */
#ifndef UDE_COMPILER_ABSTRACT_H
#define UDE_COMPILER_ABSTRACT_H

#include "compiler/index_set.h"
#include "compiler/rules.h"
#include "compiler/sparsity.h"

/* ----------------------------------------------------------------------------------- values -- */

/** Types of cells: 1 to 64 are integers (64 also pointers) of so many bits. */
enum { UDE_CELL_POINTER = 64, UDE_CELL_DOUBLE, UDE_CELL_FLOAT, UDE_CELL_OTHER };

/** What is known of a number: 0 its bits, 1 nothing; others are handles of ude_choice. */
enum { UDE_KNOWN = 0, UDE_ANY = 1 };

/** Most numbers that are kept apart. */
enum { UDE_CHOICES = 32 };

typedef struct ude_cell {
  uint64_t bits; /**< integers zero-extended; floats in the low half */
  uint32_t set, what;
  uint32_t stamp; /**< version that logged it */
  uint32_t spare;
} ude_cell;

/** A few numbers (count > 0), or those from lo to hi in steps (integers, sign-extended). */
typedef struct ude_choice {
  uint32_t first, count;
  int64_t  lo, hi, step;
} ude_choice;

/* ----------------------------------------------------------------------------------- memory -- */

/** Eight bytes of memory; halves may have their own state. */
typedef struct ude_word {
  uint64_t bits;
  uint32_t set[2], what[2];
  uint32_t stamp, spare;
} ude_word;

/** State of half a word: the bytes that are not known, how its choices are to be read, their handle. */
#define UDE_HALF(mask, part, handle) ((uint32_t)(handle) << 6 | (uint32_t)(part) << 4 | (mask))
#define UDE_HALF_NONE UINT32_MAX /**< not memory of the program */
enum { UDE_PART_HALF, UDE_PART_WHOLE, UDE_PART_BYTES };

/** Addresses: the stack, the heap with the globals, functions. */
#define UDE_STACK_BASE (UINT64_C(1) << 40)
#define UDE_HEAP_BASE (UINT64_C(1) << 42)
#define UDE_FUNCTION_BASE (UINT64_C(1) << 44)

typedef struct ude_object {
  uint64_t start, end; /**< addresses */
  bool     constant;   /**< never written: has no sets */
} ude_object;

typedef struct ude_region {
  uint64_t    base;
  ude_word   *word;
  size_t      words, capacity, highest; /**< highest: words that were ever in use */
  ude_object *object;                   /**< ascending */
  int         objects, object_capacity;
} ude_region;

/* --------------------------------------------------------------------------------- versions -- */

typedef struct ude_log_entry {
  uint64_t place; /**< address of a word, or of a ude_cell with the low bit set */
  ude_word value; /**< a cell's bits, set[0], what[0] */
} ude_log_entry;

/** A state, as its differences to its parent: where the machine stands in it the log has the old values,
 *  elsewhere the new ones. */
typedef struct ude_world {
  int            parent, depth, children;
  uint32_t       id;
  bool           parked; /**< waits at a block, or is a loop's last state */
  ude_log_entry *log;
  int            entries, capacity;
} ude_world;

/* ------------------------------------------------------------------------------------- code -- */

typedef enum ude_opcode {
  UDE_OP_MOVE,    /* a, cells */
  UDE_OP_INTEGER, /* a, b; kind: LLVMOpcode */
  UDE_OP_RESIZE,  /* a; kind: LLVMZExt, SExt, Trunc; from: width */
  UDE_OP_COMPARE, /* a, b; kind: LLVMIntPredicate; from: width */
  UDE_OP_REAL,    /* a, b; kind: LLVMOpcode */
  UDE_OP_NEGATE,
  UDE_OP_REAL_COMPARE, /* kind: LLVMRealPredicate; from: type */
  UDE_OP_CONVERT,      /* kind: LLVMFPToSI, ...; from: type */
  UDE_OP_SELECT,       /* a condition (count cells or 1), b, c */
  UDE_OP_LOAD,         /* a */
  UDE_OP_STORE,        /* a value, b address; from: type */
  UDE_OP_ADDRESS,      /* a base; first, count: terms */
  UDE_OP_LOCAL,        /* a number of elements; bytes: size of one */
  UDE_OP_ELEMENT,      /* extract: a vector, b index; from: its cells */
  UDE_OP_REPLACE,      /* insert: a vector, b element, c index */
  UDE_OP_REPLACE_PART, /* insertvalue: a aggregate, b part, first: where, count: cells of the part */
  UDE_OP_SHUFFLE,      /* a, b; first: lanes in `lane`; from: cells of a */
  UDE_OP_BITCAST,      /* between vectors: a; from: type, count: cells of a */
  UDE_OP_CALL, /* kind: ude_callee; first, count: operands of arguments in `lane`; a callee; b function or rule */
  UDE_OP_JUMP,   /* first: edge */
  UDE_OP_BRANCH, /* a condition, first: edges true, false */
  UDE_OP_SWITCH, /* a value, first: edge of default, count: cases; from: width */
  UDE_OP_RETURN, /* a, cells */
  UDE_OP_STOP,   /* unreachable */
  UDE_OP_REFUSE
} ude_opcode;

/** One instruction; operands below 0 are constants, ~k. */
typedef struct ude_op {
  ude_opcode   code;
  int          kind;
  uint8_t      type, from; /**< of the result's cells, of the operand's */
  int          to, cells;
  int          a, b, c;
  int          first, count;
  int64_t      bytes;
  LLVMValueRef source;
} ude_op;

typedef struct ude_term {
  int     index, width; /**< operand, its bits */
  int64_t scale;
} ude_term;

typedef struct ude_move {
  int from, to, cells;
} ude_move;

typedef struct ude_edge {
  int      from, to;     /**< positions */
  int      first, count; /**< moves into phis */
  uint64_t match;        /**< value of a switch's case */
} ude_edge;

/** A function made ready: blocks in an order where loops are contiguous and, but for the way back to a
 *  header, control only goes forward. */
typedef struct ude_code {
  int       function;
  int       cells, positions;
  uint8_t  *type;    /**< [cells] of registers */
  int      *defined; /**< [cells] the op that computes it, -1 */
  ude_op   *op;
  int       ops, op_capacity;
  int      *start;                        /**< [positions] first op */
  int      *loop;                         /**< [positions] innermost loop */
  int      *header, *end, *outer, *depth; /**< [loops] positions; loop 0 is the function */
  int       loops;
  ude_cell *constant;
  int       constants, constant_capacity;
  ude_term *term;
  int       terms, term_capacity;
  ude_move *move;
  int       moves, move_capacity;
  ude_edge *edge;
  int       edges, edge_capacity;
  int      *lane;
  int       lanes, lane_capacity;
  int      *param;           /**< [params] first cells */
  int       first_local;     /**< cell behind the parameters */
  int       result, results; /**< cells of the returned value */
} ude_code;

/* ---------------------------------------------------------------------------------- machine -- */

typedef struct ude_pending {
  int position, version;
} ude_pending;

/** What is known of a loop while it runs with unknown exits. */
typedef struct ude_rounds {
  bool left, bounded; /**< some version has left it; some exit was known not to be taken */
  int  count;         /**< rounds since a version left it */
  int  last;          /**< version at the header at the round's start, -1 */
} ude_rounds;

/** A call being run. */
typedef struct ude_frame {
  struct ude_frame *caller;
  const ude_code   *code;
  ude_cell         *cell;
  int               base; /**< version in which it was called */
  ude_pending      *pending,
      *next; /**< waiting at a position; at the header of a loop (position: the loop) */
  int         pending_count, next_count, pending_capacity, next_capacity;
  ude_rounds *rounds; /**< [loops] */
  size_t      stack_words;
  int         stack_objects;
} ude_frame;

typedef struct ude_product {
  uint32_t a, b; /**< sets whose pairs have a second derivative */
} ude_product;

typedef struct ude_jet {
  uint32_t g, h; /**< inputs; products */
} ude_jet;

/** What a function's derivatives are: bit i of curved[k] as in ude_set_combine; bit k of `uses` if the first
 *  derivative by argument k is not zero. */
typedef struct ude_rule_shape {
  bool     ready;
  unsigned uses, curved[UDE_RULE_ARGUMENTS];
} ude_rule_shape;

typedef struct ude_table_of {
  uint32_t *slot;
  size_t    capacity, count;
} ude_table_of;

typedef struct ude_free_block {
  uint64_t address, bytes;
} ude_free_block;

typedef struct ude_machine {
  ude_walk *walk;
  bool      second, path; /**< second derivatives; numbers of inputs are known */
  ude_sets  sets;
  size_t    collect_at; /**< words of the arena */

  ude_choice  *choice;
  int          choices, choice_capacity;
  uint64_t    *value;
  int          values, value_capacity;
  ude_table_of choice_table;

  ude_jet        *jet;
  int             jets, jet_capacity;
  ude_product    *product;
  int             products, product_capacity;
  ude_table_of    jet_table, product_table;
  ude_set_memo   *jet_memo;
  ude_rule_shape *shape; /**< [rules] of calls with no constant argument */

  ude_region      stack, heap;
  ude_free_block *freed;
  int             freed_count, freed_capacity;
  ude_map_of      globals; /**< index of object on the heap */
  LLVMValueRef   *global;
  int             global_count, global_capacity;
  uint64_t       *global_address;
  int             global_address_capacity;
  LLVMValueRef   *callee; /**< by address */
  int             callees, callee_capacity;
  ude_map_of      callee_index;

  ude_world *version;
  int        versions, version_capacity;
  int       *unused; /**< indices of versions to be taken again */
  int        unused_count, unused_capacity;
  int        current;
  uint32_t   next_id;
  void      *scratch; /**< places of a join */
  int        scratch_capacity;

  ude_code    **code; /**< [functions] */
  ude_frame    *frame;
  int           depth;       /**< of calls */
  int64_t       rounds_left; /**< that loops with unknown exits may still take without widening */
  const ude_op *at;          /**< instruction being run, for messages */
} ude_machine;

/* abstract.c: life, growing arrays */
bool  ude_machine_open(ude_machine *machine, ude_walk *walk, bool second, bool path);
void  ude_machine_close(ude_machine *machine);
void *ude_machine_grow(ude_machine *machine, void *block, int count, int *capacity, size_t size);
_Noreturn void ude_machine_memory(ude_machine *machine);
_Noreturn void ude_machine_refuse(ude_machine *machine, const char *what, const char *why,
                                  const char *advice);
void           ude_machine_collect(ude_machine *machine);

/* abstract_set.c */
uint32_t ude_set_merge(ude_machine *machine, uint32_t a, uint32_t b);
/** Of a function of `count` arguments with these sets: bit i of curved[k] is set where the second derivative by
 *  arguments k and i may not be zero. */
uint32_t ude_set_combine(ude_machine *machine, int count, const uint32_t *set,
                         const unsigned *curved);
/** The set of input k. */
uint32_t ude_set_input(ude_machine *machine, int64_t k);
/** The index set of a set: of first derivatives. */
uint32_t ude_set_inputs(const ude_machine *machine, uint32_t set);
/** Look up the last of a table's items; it is entered if there is none like it. Returns the index of either. */
typedef uint32_t (*ude_item_hash)(const ude_machine *machine, uint32_t index);
typedef bool (*ude_item_same)(const ude_machine *machine, uint32_t a, uint32_t b);
uint32_t ude_table_enter(ude_machine *machine, ude_table_of *table, uint32_t index,
                         ude_item_hash hash, ude_item_same same);

/* abstract_choice.c */
/** Numbers that a cell may be, up to UDE_CHOICES; 0: too many to tell. */
int  ude_cell_values(const ude_machine *machine, const ude_cell *cell, const uint64_t **values);
void ude_cell_set_values(ude_machine *machine, ude_cell *cell, int type, uint64_t *values,
                         int count);
void ude_cell_range(const ude_machine *machine, const ude_cell *cell, int width, ude_choice *range);
void ude_cell_set_range(ude_machine *machine, ude_cell *cell, int width, const ude_choice *range);
/** One of two numbers of a type; sets are merged. */
void ude_cell_join(ude_machine *machine, ude_cell *to, const ude_cell *from, int type);
/** Join that lets a loop end soon: what changed becomes as wide as it may. */
void ude_cell_widen(ude_machine *machine, ude_cell *to, const ude_cell *from, int type);
/** Every number that `a` is also `b`, and the sets. */
bool ude_cell_within(ude_machine *machine, const ude_cell *a, const ude_cell *b, int type);
void ude_integer_binary(ude_machine *machine, const ude_op *op, const ude_cell *a,
                        const ude_cell *b, ude_cell *to);
void ude_integer_resize(ude_machine *machine, const ude_op *op, const ude_cell *a, ude_cell *to);
void ude_integer_compare(ude_machine *machine, const ude_op *op, const ude_cell *a,
                         const ude_cell *b, ude_cell *to);
/** Keep of `a` only what compares so with `b` (truth: as the predicate says, or not). False: nothing. */
bool ude_integer_refine(ude_machine *machine, int predicate, bool truth, int width, ude_cell *a,
                        const ude_cell *b);
/** Pointwise on a few numbers: false if there are too many. */
typedef uint64_t (*ude_pointwise)(const ude_op *op, uint64_t a, uint64_t b, bool *defined);
bool ude_cell_pointwise(ude_machine *machine, const ude_op *op, ude_pointwise f, const ude_cell *a,
                        const ude_cell *b, ude_cell *to);
int64_t  ude_sign_extend(uint64_t bits, int width);
uint64_t ude_low_bits(uint64_t bits, int width);

/* abstract_real.c */
void ude_real_binary(ude_machine *machine, const ude_op *op, const ude_cell *a, const ude_cell *b,
                     ude_cell *to);
void ude_real_negate(ude_machine *machine, const ude_op *op, const ude_cell *a, ude_cell *to);
void ude_real_compare(ude_machine *machine, const ude_op *op, const ude_cell *a, const ude_cell *b,
                      ude_cell *to);
void ude_real_convert(ude_machine *machine, const ude_op *op, const ude_cell *a, ude_cell *to);
void ude_real_rule(ude_machine *machine, const ude_op *op, const ude_rule *rule,
                   const ude_cell *const *argument, ude_cell *to);
double             ude_cell_real(const ude_cell *cell, int type);
uint64_t           ude_real_bits(double value, int type);
static inline bool ude_cell_constant(const ude_cell *cell) {
  return !cell->what && !cell->set;
}

/* rules_shape.c */
/** Of a call where the arguments of `known` (bits) have these values. */
void ude_rule_shape_of(const ude_rule *rule, unsigned known, const double *value,
                       ude_rule_shape *shape);
/** Is the partial derivative by argument k other than zero at these values? */
bool ude_rule_takes(const ude_rule *rule, int k, const double *value);
/** Value of a row of the table; false if this machine's libm does not have it. `integers`: arguments of integer type. */
bool ude_rule_value(const ude_rule *rule, bool single, unsigned integers, const double *argument,
                    double *result);

/* abstract_memory.c */
uint64_t ude_memory_allocate(ude_machine *machine, ude_region *region, uint64_t bytes);
void     ude_memory_release(ude_machine *machine, uint64_t address);
/** Bytes from an address to the end of its object; 0: none. */
uint64_t ude_memory_room(const ude_machine *machine, uint64_t address);
/** The object that holds the address (its end included); NULL: none. */
const ude_object *ude_memory_object(const ude_machine *machine, uint64_t address);
ude_word         *ude_memory_word(ude_machine *machine, uint64_t address);
int               ude_cell_bytes(int type, int64_t bytes);
/** False: no such memory, so that control cannot have come here. */
bool ude_memory_load(ude_machine *machine, const ude_cell *address, int64_t offset, int type,
                     int bytes, ude_cell *to);
bool ude_memory_store(ude_machine *machine, const ude_cell *address, int64_t offset, int type,
                      int bytes, const ude_cell *value);
bool ude_memory_copy(ude_machine *machine, const ude_cell *to, const ude_cell *from,
                     const ude_cell *bytes);
bool ude_memory_set(ude_machine *machine, const ude_cell *to, const ude_cell *byte,
                    const ude_cell *bytes);
/** Both states of a word become one. */
void ude_word_join(ude_machine *machine, ude_word *to, const ude_word *from, bool widen);
bool ude_word_within(ude_machine *machine, const ude_word *a, const ude_word *b);

/* abstract_version.c */
int  ude_version_fork(ude_machine *machine, int parent); /**< a child, not yet current */
void ude_version_switch(ude_machine *machine, int to);
void ude_version_drop(ude_machine *machine, int version); /**< and ancestors that nothing needs */
/** The current version and `other`, which is parked, become one, current and parked. */
int ude_version_merge(ude_machine *machine, int other);
/** The current version takes the place of ancestors that have no other descendants, up to `base`. */
void ude_version_collapse(ude_machine *machine, int base);
/** Everything since ancestor `last` is within what it was there. */
bool ude_version_settled(ude_machine *machine, int last);
/** Join with the state at ancestor `last`, widening. */
void ude_version_widen(ude_machine *machine, int last);
void ude_version_log(ude_machine *machine, uint64_t place, const ude_word *old);

static inline void ude_log_word(ude_machine *machine, uint64_t address, ude_word *word) {
  if (machine->current && word->stamp != machine->version[machine->current].id) {
    word->stamp = machine->version[machine->current].id;
    ude_version_log(machine, address & ~UINT64_C(7), word);
  }
}

/** A register about to be written. */
static inline ude_cell *ude_write_cell(ude_machine *machine, ude_frame *frame, int k) {
  ude_cell *cell = &frame->cell[k];
  if (machine->current != frame->base && cell->stamp != machine->version[machine->current].id) {
    cell->stamp  = machine->version[machine->current].id;
    ude_word old = {.bits = cell->bits, .set = {cell->set}, .what = {cell->what}};
    ude_version_log(machine, (uint64_t)(uintptr_t)cell | 1, &old);
  }
  return cell;
}

static inline const ude_cell *ude_read_cell(const ude_frame *frame, int k) {
  return k >= 0 ? &frame->cell[k] : &frame->code->constant[~k];
}

/** Cell n of an operand; those of constants count downwards. */
static inline const ude_cell *ude_read_part(const ude_frame *frame, int k, int n) {
  return ude_read_cell(frame, k >= 0 ? k + n : k - n);
}

/* abstract_code.c, abstract_constant.c */
const ude_code *ude_machine_code(ude_machine *machine, int function);
/** Cells of a value of that type; their types into `types` if not NULL. */
int      ude_type_cells(ude_machine *machine, LLVMTypeRef type, uint8_t *types);
int      ude_scalar_type(ude_machine *machine, LLVMTypeRef type);
void     ude_constant_cells(ude_machine *machine, LLVMValueRef constant, ude_cell *to);
uint64_t ude_global_address(ude_machine *machine, LLVMValueRef global);
uint64_t ude_function_address(ude_machine *machine, LLVMValueRef function);
/** Copy a constant of that type to memory. */
void ude_constant_write(ude_machine *machine, LLVMValueRef constant, uint64_t address);
/** Places of the scalars of a type: calls f for each. */
void ude_type_leaves(ude_machine *machine, LLVMTypeRef type, int64_t offset,
                     void (*f)(void *context, LLVMTypeRef leaf, int64_t offset), void *context);

/* abstract_run.c, abstract_step.c, abstract_call.c */
/** Run a function; its arguments are in frame->cell. False: it does not return. */
bool       ude_machine_run(ude_machine *machine, ude_frame *frame);
ude_frame *ude_frame_open(ude_machine *machine, int function);
void       ude_frame_close(ude_machine *machine, ude_frame *frame);
/** One instruction that does not end a block. False: control cannot come here. */
bool ude_machine_step(ude_machine *machine, ude_frame *frame, const ude_op *op);
bool ude_machine_call(ude_machine *machine, ude_frame *frame, const ude_op *op);
/** A function of integers, or from reals to integers. */
void ude_machine_library(ude_machine *machine, ude_frame *frame, const ude_op *op);
/** First operand of argument k of a call. */
static inline int ude_argument(const ude_frame *frame, const ude_op *op, int k) {
  return frame->code->lane[op->first + k];
}

#endif
