/**
 * @file walker_clone.h
 * @brief What the transforms share when they emit code: copies of primal instructions and the shadows of
 *        pointers.
 *
 * Shadows are dilated: the block at base + offset has its shadow at shadow(base) + offset * scale,
 * where scale is the number of doubles that belong to each double (W tangents, 1 adjoint). A stored
 * pointer keeps its shadow pointer at the start of its own shadow block.
 */
#ifndef UDE_COMPILER_WALKER_CLONE_H
#define UDE_COMPILER_WALKER_CLONE_H

#include "compiler/walker.h"

typedef struct ude_emit ude_emit;

struct ude_emit {
  ude_walk *walk;
  int       scale;
  bool adjoint; /**< reverse mode: reals have no shadow value, freed blocks keep their shadows */
  LLVMValueRef       function; /**< being emitted */
  int                source;   /**< index of the primal function */
  LLVMBasicBlockRef  prologue; /**< first block; everything else starts at block[0] */
  LLVMBasicBlockRef *block;    /**< [flow.blocks] copies */
  LLVMBasicBlockRef *detour_in,
      *detour_out;           /**< [blocks] extra blocks on the edge into a loop; may be NULL */
  LLVMBasicBlockRef *last;   /**< [flow.blocks] where the copy ends, if it was split */
  LLVMValueRef      *primal; /**< [walk->values] copies */
  LLVMValueRef      *shadow; /**< [walk->values] tangents, shadow pointers; NULL: zero */
  /** What stands for a function in shadows of function pointers. */
  LLVMValueRef (*function_shadow)(ude_emit *emit, LLVMValueRef function);
  LLVMValueRef tape_scope; /**< list of the alias scope of the tape */
  ude_map_of   globals;    /**< index into global */
  struct {
    LLVMValueRef primal, shadow, initial; /**< initial NULL: zeros */
  }  *global;
  int global_count, global_capacity;
};

/** Type of the shadow of a value of that type; NULL if it can have none. */
LLVMTypeRef ude_emit_shadow_type(ude_emit *emit, LLVMTypeRef type);
/** The copy of a primal value; constants stand for themselves. */
LLVMValueRef ude_emit_primal(ude_emit *emit, LLVMValueRef value);
/** Its shadow; zeros if it has none. */
LLVMValueRef ude_emit_shadow(ude_emit *emit, LLVMValueRef value);
bool         ude_emit_has_shadow(ude_emit *emit, LLVMValueRef value);
void ude_emit_set(ude_emit *emit, LLVMValueRef value, LLVMValueRef primal, LLVMValueRef shadow);
/** Derivatives have no debug information of their own. */
void ude_emit_forget_location(LLVMValueRef instruction);
/** The tape shares no memory with anything else: say so of an access to the tape, or to other memory. */
void ude_emit_apart(ude_emit *emit, LLVMValueRef access, bool tape);
/** Copy an instruction that is neither phi nor terminator to the builder. */
LLVMValueRef ude_emit_copy(ude_emit *emit, LLVMValueRef instruction);
/** Copy a terminator other than a return, to the copies of its successors. */
void ude_emit_branch(ude_emit *emit, LLVMValueRef terminator);
/** The block of the copy from which control comes from block `from` to block `to`. */
LLVMBasicBlockRef ude_emit_incoming(ude_emit *emit, int from, int to);
/** Shadow of a GEP from the shadow of its base and values for its indices. */
LLVMValueRef ude_emit_gep(ude_emit *emit, LLVMValueRef gep, LLVMValueRef base,
                          const LLVMValueRef *indices);
/** Shadow pointer of a constant pointer. */
LLVMValueRef ude_emit_constant_shadow(ude_emit *emit, LLVMValueRef constant);
/** Set shadows of mutable globals to their initial state, at the builder. */
void         ude_emit_reset_globals(ude_emit *emit);
LLVMValueRef ude_emit_int(ude_emit *emit, LLVMTypeRef type, uint64_t value);
/** A value whose shadow is kept: varied reals, pointers to shadowed memory, carriers of either. */
bool ude_emit_wants_shadow(ude_emit *emit, LLVMValueRef value);
/** A scalar or vector repeated for the lanes of its shadow. */
LLVMValueRef ude_emit_dilate(ude_emit *emit, LLVMValueRef value);
/** Load or store a shadow of a value of `type` at `pointer`; aggregates leaf by leaf. */
LLVMValueRef ude_emit_load_shadow(ude_emit *emit, LLVMTypeRef type, LLVMValueRef pointer,
                                  unsigned align);
void         ude_emit_store_shadow(ude_emit *emit, LLVMTypeRef type, LLVMValueRef shadow,
                                   LLVMValueRef pointer, unsigned align);
/** Insert, extract, shuffle, cast, select, insertvalue, extractvalue, freeze: what moves a value without
 *  computing. NULL if the instruction is none of these. */
LLVMValueRef ude_emit_move(ude_emit *emit, LLVMValueRef instruction);
/** Copy of a GEP and its shadow; of a phi, to be completed when all blocks are there. */
void ude_emit_address(ude_emit *emit, LLVMValueRef i);
void ude_emit_phi(ude_emit *emit, LLVMValueRef phi);
void ude_emit_complete_phi(ude_emit *emit, LLVMValueRef phi);
/** Shadow memory of malloc, calloc, realloc and free (both modes): sets the copy and its shadow. */
void ude_emit_heap(ude_emit *emit, LLVMValueRef call, ude_callee kind);
/** Memory that derivatives inside the primal take (UDE_CALLEE_TAKE, _SHADOW_ALLOC, _SHADOW_GROW), with its shadow;
 *  `tape` is where the shadow of taken memory comes from. */
void ude_emit_derivative_memory(ude_emit *emit, LLVMValueRef call, ude_callee kind,
                                LLVMValueRef tape);
/** Declare or find a function; call it. */
LLVMValueRef ude_emit_call(ude_emit *emit, const char *name, LLVMTypeRef result,
                           LLVMValueRef *arguments, LLVMTypeRef *types, unsigned count);
void ude_emit_attribute(ude_emit *emit, LLVMValueRef function, unsigned index, const char *name);

#endif
