/**
 * @file lanes.h
 * @brief Lanes inside: a program for L trajectories at once in vectors of L.
 *
 * A value is *uniform* (the same for all lanes that compute it, kept as it is) or *varying* (a vector). Memory that may hold
 * varying values is dilated as shadows are (walker_clone.h): what lies at base + offset for one trajectory lies at
 * base + offset * L for L of them, the lanes of a scalar side by side. Other memory stays as it is. All
 * accesses of a place in a dilated object have one size: where its scalars have several, their C types must say so.
 *
 * Branches on uniform conditions stay branches. A function with a branch on a varying condition, or called for some
 * lanes only, is laid out in a line, loops kept together: every block runs under a mask of the lanes that would have
 * come there, if there are any, and blends its results (Karrenberg & Hack, CGO 2011; masks in memory that mem2reg
 * turns into registers). A loop goes on while a lane is in it.
 */
#ifndef UDE_COMPILER_LANES_H
#define UDE_COMPILER_LANES_H

#include "compiler/walker.h"

/** What the analysis says of a function. */
typedef struct ude_lane_function {
  bool  partial; /**< may be called for some lanes only: takes a mask */
  bool  linear;  /**< laid out in a line */
  bool  varies;  /**< its result does */
  bool *some;    /**< [blocks] may run for some of the lanes that entered the function */
  bool *split;   /**< [blocks] branches on a varying condition */
} ude_lane_function;

typedef struct ude_lane_facts {
  ude_walk          *walk;
  bool              *varies;  /**< [values] */
  bool              *dilated; /**< [nodes] representatives count */
  unsigned          *sizes;   /**< [nodes] bits: sizes of scalars accessed */
  bool              *untyped; /**< [nodes] some access does not say what it is of */
  ude_lane_function *function;
  bool               changed;
} ude_lane_facts;

/** What varies when `root` runs for several lanes: dilated memory behind its pointers, varying reals. Refuses what
 *  cannot be done, so that emission cannot fail. */
ude_lane_facts *ude_lanes_analyse(ude_walk *walk, LLVMValueRef root);
/** Refuse an instruction that has no form for lanes. */
void ude_lanes_check(ude_lane_facts *facts, const ude_value *of);
/** May the instruction run for some of the lanes only? */
bool ude_lanes_for_some(const ude_lane_facts *facts, const ude_value *value);
bool ude_lanes_varies(const ude_lane_facts *facts, LLVMValueRef value);
/** Does the pointer point to dilated memory? */
bool ude_lanes_dilated(const ude_lane_facts *facts, LLVMValueRef pointer);
/** Bytes of the scalars of the memory that it points to; 0: not known. */
unsigned ude_lanes_scalar(const ude_lane_facts *facts, LLVMValueRef pointer);
bool     ude_lanes_in_loop(const ude_flow *flow, int block, int loop);
/** Is the value used in another block (of a phi: in its incoming block)? */
bool ude_lanes_crosses(ude_walk *walk, LLVMValueRef value);
/** Is it defined in a loop and used outside, where lanes leave the loop at different times? */
bool ude_lanes_leaves_loop(const ude_lane_facts *facts, LLVMValueRef value);

/* ------------------------------------------------------------------------------- emission -- */

typedef struct ude_lane_emit {
  ude_walk          *walk;
  ude_lane_facts    *facts;
  int                lanes;
  LLVMValueRef      *emitted; /**< [functions] declared; NULL: not wanted yet */
  int               *wanted, wanted_count;
  const char        *features; /**< of the processor; NULL: no vector library */
  LLVMValueRef       function; /**< being emitted */
  int                source;   /**< index of the function that it is made from */
  LLVMValueRef      *value;    /**< [values] scalar or vector, in the block where it was last set */
  LLVMBasicBlockRef *at;   /**< [values] that block; NULL: everywhere (arguments, direct mode) */
  LLVMValueRef      *slot; /**< [values] memory of values that cross blocks, in a line */
  LLVMValueRef      *phi_slot; /**< [values] memory of what comes into phis */
  LLVMValueRef      *mask_slot,
      *back_slot;           /**< [blocks] of lanes that come in; that come back to a header */
  LLVMValueRef       mask;  /**< lanes of the current block: a vector, or NULL: all */
  LLVMBasicBlockRef *block; /**< [blocks] direct mode */
  LLVMValueRef       result_slot;
  LLVMBasicBlockRef  current; /**< what emitted values belong to */
  ude_map_of         globals; /**< dilated copies: index into global */
  LLVMValueRef      *global;
  int                global_count, global_capacity;
} ude_lane_emit;

/* lanes_value.c */
LLVMTypeRef  ude_lane_type(ude_lane_emit *emit, LLVMTypeRef type);
LLVMTypeRef  ude_lane_mask_type(ude_lane_emit *emit);
LLVMValueRef ude_lane_splat(ude_lane_emit *emit, LLVMValueRef scalar);
/** Current scalar of a uniform value, vector of any value. */
LLVMValueRef ude_lane_scalar(ude_lane_emit *emit, LLVMValueRef value);
LLVMValueRef ude_lane_vector(ude_lane_emit *emit, LLVMValueRef value);
/** Record what an instruction became. */
void ude_lane_set(ude_lane_emit *emit, LLVMValueRef value, LLVMValueRef became);
/** x where the condition (a bit or lanes) holds, else y; structs of vectors part by part. */
LLVMValueRef ude_lane_blend(ude_lane_emit *emit, LLVMValueRef condition, LLVMValueRef x,
                            LLVMValueRef y);
LLVMValueRef ude_lane_any(ude_lane_emit *emit, LLVMValueRef mask);
LLVMValueRef ude_lane_full_mask(ude_lane_emit *emit);
LLVMValueRef ude_lane_mask(ude_lane_emit *emit); /**< of the current block, as a vector */
LLVMValueRef ude_lane_intrinsic(ude_lane_emit *emit, const char *name, LLVMTypeRef *types,
                                unsigned type_count, LLVMValueRef *arguments, unsigned count);
LLVMValueRef ude_lane_numbers(ude_lane_emit *emit, uint64_t step); /**< 0, step, 2 step, ... */

/* lanes_memory.c */
void         ude_lane_address(ude_lane_emit *emit, LLVMValueRef gep);
void         ude_lane_load(ude_lane_emit *emit, LLVMValueRef load);
void         ude_lane_store(ude_lane_emit *emit, LLVMValueRef store);
void         ude_lane_local(ude_lane_emit *emit, LLVMValueRef i);
void         ude_lane_move(ude_lane_emit *emit, LLVMValueRef call);
void         ude_lane_fill(ude_lane_emit *emit, LLVMValueRef call);
LLVMValueRef ude_lane_constant(ude_lane_emit *emit, LLVMValueRef constant);

/* lanes_call.c */
void         ude_lane_call(ude_lane_emit *emit, LLVMValueRef call);
LLVMValueRef ude_lane_function_of(ude_lane_emit *emit, int index);
/** A call that is done lane by lane, of a function of numbers only. */
bool ude_lanes_scalarises(ude_walk *walk, LLVMValueRef call);

/* lanes_instruction.c */
void ude_lane_instruction(ude_lane_emit *emit, LLVMValueRef instruction);

/* lanes_flow.c */
void ude_lane_function_emit(ude_lane_emit *emit, int index);

#endif
