/**
 * @file reverse.h
 * @brief Reverse mode inside.
 *
 * A function is emitted as a forward sweep, which is a copy of the primal that also keeps what the reverse
 * sweep will read, and a reverse sweep with one block for each block of the primal. The map itself has both
 * in one function; functions that it calls are split in two and share the tape.
 *
 * What is kept lives in *frames*: one for the function, one for each iteration of each loop, bumped
 * from the tape when the loop's header runs. A frame begins with a link to the frame of the previous iteration
 * of the same loop, whatever outer iteration that was in, so the reverse sweep finds frames by following
 * links, for every control flow. Blocks with several predecessors in loops keep the index of the one they came from.
 * The function's own frame in a map is a set of local variables instead (registers).
 */
#ifndef UDE_COMPILER_REVERSE_H
#define UDE_COMPILER_REVERSE_H

#include "compiler/rules.h"
#include "compiler/walker_clone.h"

/** What a slot keeps of a value. */
enum {
  UDE_KEEP_PRIMAL,
  UDE_KEEP_SHADOW,
  UDE_KEEP_FRAME, /**< of a called function */
  UDE_KEEPS,
  UDE_KEEP_LAST = UDE_KEEPS, /**< of a loop: number of its last iteration */
  UDE_KEEP_BASE              /**< of a loop: its rows */
};

typedef struct ude_slot {
  int          keep, id; /**< what, of which value; id -1: predecessor index of `block` */
  int          block;    /**< where it is stored */
  int          loop;     /**< frame that holds it */
  LLVMTypeRef  type;     /**< in memory */
  uint64_t     offset;   /**< in the frame */
  LLVMValueRef variable; /**< instead of frame and offset in the function's frame of a map */
} ude_slot;

/** A place in the reverse sweep where a loop begins to be undone. */
typedef struct ude_loop_mark {
  LLVMValueRef after;
  int          block;
} ude_loop_mark;

/** What the iterations of a loop keep: linked frames, or rows if their number is known before. */
typedef struct ude_loop_frame {
  uint64_t     size;        /**< bytes of an iteration; 0: nothing is kept, no frames */
  LLVMValueRef sweep, back; /**< variables: current frame (or first row) in the two sweeps */

  bool         counts; /**< one edge in (from `entry`), one edge back (from `latch`) */
  int          entry, latch;
  LLVMValueRef number; /**< of the iteration, in the forward sweep */
  LLVMValueRef count;  /**< variable: the same in the reverse sweep */
  LLVMValueRef popped; /**< where the reverse sweep goes to the previous frame */
  int          last_slot, base_slot;

  bool           rows; /**< leaves when start + k step meets bound */
  LLVMValueRef   start, bound;
  int64_t        step;
  bool           next;                  /**< it is the next value that is compared */
  LLVMValueRef   trip_sweep, trip_back; /**< number of iterations; variable */
  ude_loop_mark *mark;
  int            marks, mark_capacity;
} ude_loop_frame;

/** A header phi that is start + (number of the iteration) * step; bytes for pointers. */
typedef struct ude_induction {
  int          loop;
  LLVMValueRef start;
  int64_t      step;
} ude_induction;

typedef struct ude_derived {
  LLVMValueRef sweep, back, pair; /**< split functions and the constant {sweep, back} */
} ude_derived;

typedef struct ude_reverse {
  ude_emit     emit; /**< first: forward sweep, scale 1 */
  ude_derived *derived;
  int         *wanted, wanted_count;
  bool         nested; /**< to be differentiated again: the tape is reached by calls */
  bool         alone;  /**< outputs are not wanted */
  bool        *quiet;  /**< [functions] nothing active happens in it: its calls are copied */

  /* the function being emitted */
  bool               split;
  int                current;       /**< block that is being reversed */
  LLVMValueRef       back_function; /**< where the reverse sweep goes */
  LLVMBasicBlockRef  back_prologue;
  LLVMBasicBlockRef *body,
      *inverse;            /**< [blocks] rest of a loop header after its phis; reverse block */
  LLVMValueRef     *ready; /**< [blocks] in a header, the last instruction that makes its frame */
  LLVMBasicBlockRef fail, finish;
  LLVMValueRef      tape, top, end; /**< the tape; variables for its free part */
  LLVMValueRef      mark;           /**< the top when a map began */
  bool              uses_tape;
  ude_loop_frame   *loop; /**< [loops] */
  uint64_t *loop_offset;  /**< [loops] where the function's frame keeps the last frame of a loop */
  ude_slot *slot;
  int       slots, slot_capacity;
  int      *slot_of[UDE_KEEPS];   /**< [values] index plus one */
  int      *pred_slot;            /**< [blocks + 1] index plus one; last: which return */
  LLVMValueRef      *call_frame;  /**< [values] frame of the callee, in the forward sweep */
  LLVMBasicBlockRef *after_block; /**< [values] where the copy of an instruction ends */
  LLVMValueRef *after; /**< [values] last instruction of the copy, NULL: start of after_block */
  LLVMValueRef *bar, *bar_local; /**< [values] variable; current adjoint within a block */
  signed char  *bar_place;       /**< [values] 0 unknown, 1 variable, 2 local */
  LLVMValueRef *seen[2];         /**< [values] value in seen_in, primal and shadow */
  LLVMBasicBlockRef *seen_in[2];
  signed char       *again;          /**< [values] 0 unknown, 1 recompute, 2 keep */
  int               *counted, count; /**< [values] the count of costs in which it was counted */

  /* reverse_again.c, of the map itself: NULL elsewhere */
  uint64_t *reach; /**< [blocks] bits of the blocks that may come after */
  size_t    reach_words;
  int       studied; /**< number of nodes then */
  int      *first_write,
      *next_write[2]; /**< [nodes], [values] list of what writes there: index plus one, negative: by
                                              its second pointer */
  bool *passing;      /**< [nodes] may change in ways that are not followed */
} ude_reverse;

/* reverse.c */
/** Reverse mode of any function, in the form that can be differentiated again: emit an internal function `name` that takes
 *  a pointer after each argument that holds reals or pointers, then the adjoint of a result that holds reals. For a pointer
 *  it is its shadow, for reals where their adjoint is added (ignored unless the argument is an input). Returns what
 *  `function` returns. Without memory for the tape: calls ude_tape_fail, a real result is NaN. Errors as in ude_emit_vjp. */
LLVMValueRef ude_emit_adjoint(LLVMModuleRef module, LLVMValueRef function, const ude_roles *roles,
                              const char *name, ude_error *error);

/* reverse_values.c: primal values and shadow pointers in the reverse sweep */
LLVMValueRef ude_reverse_need(ude_reverse *r, LLVMValueRef value);
LLVMValueRef ude_reverse_need_shadow(ude_reverse *r, LLVMValueRef pointer);
/** A slot for something that the forward sweep stores; loads are emitted at the builder. */
int          ude_reverse_slot(ude_reverse *r, int keep, int id, int block, LLVMTypeRef type);
LLVMValueRef ude_reverse_load_slot(ude_reverse *r, int index);
void         ude_reverse_store_slot(ude_reverse *r, int index, LLVMValueRef value);
/** Tell derivatives of this derivative which place of the tape an access goes to. */
void ude_reverse_name_slot(ude_reverse *r, LLVMValueRef access, const char *kind, int index);
LLVMValueRef ude_reverse_variable(ude_reverse *r, bool back, LLVMTypeRef type,
                                  LLVMValueRef initial);

/* reverse_again.c */
void ude_reverse_study_memory(ude_reverse *r);
bool ude_reverse_computes_again(ude_reverse *r, LLVMValueRef value, int id);
bool ude_reverse_is_local_object(ude_reverse *r, LLVMValueRef value);
/** Operations to compute an address again. */
int ude_reverse_cost(ude_reverse *r, LLVMValueRef value);

/* reverse_adjoint.c: adjoints of values */
/** Type of a value's adjoint: carriers have that of the floats they carry. NULL: none. */
LLVMTypeRef  ude_reverse_bar_type(ude_reverse *r, LLVMValueRef value);
void         ude_reverse_add(ude_reverse *r, LLVMValueRef value, LLVMValueRef amount);
LLVMValueRef ude_reverse_take(ude_reverse *r, LLVMValueRef value); /**< NULL: zero */
/** Products and sums of adjoints may be fused and summed in any order, so that they can run in vectors; divisions by the
 *  same value may share its reciprocal. */
LLVMValueRef ude_reverse_relax(LLVMValueRef arithmetic);
/** a + b leaf by leaf; NULL is zero. */
LLVMValueRef ude_reverse_sum(ude_reverse *r, LLVMValueRef x, LLVMValueRef y);

/* reverse_instruction.c */
void ude_reverse_instruction(ude_reverse *r, LLVMValueRef instruction);

/* reverse_memory.c */
void ude_reverse_access(ude_reverse *r, LLVMValueRef i);
void ude_reverse_copy(ude_reverse *r, LLVMValueRef call, bool copies);
void ude_reverse_heap(ude_reverse *r, LLVMValueRef call, ude_callee kind);

/* reverse_mixed.c */
/** Adjoint of a copy of memory with both float and double, on the shadows; false: what lies where is not known. */
bool ude_reverse_mixed_copy(ude_reverse *r, LLVMValueRef call, LLVMValueRef to, LLVMValueRef from,
                            LLVMValueRef size);

/* reverse_sweep.c */
void ude_reverse_sweep_block(ude_reverse *r, int block);
void ude_reverse_frame_failure(ude_reverse *r,
                               LLVMValueRef pointer); /**< go on unless it is NULL */
void ude_reverse_tape_out(ude_reverse *r);            /**< before a call that uses the tape */
void ude_reverse_tape_in(ude_reverse *r);             /**< after it */

/** Outputs that nobody wants: the forward sweep need not write there. */
bool ude_reverse_is_sink(ude_reverse *r, LLVMValueRef pointer);

/* reverse_call.c */
ude_derived *ude_reverse_function(ude_reverse *r, int index);
LLVMTypeRef  ude_reverse_sweep_type(ude_reverse *r, LLVMTypeRef type);
LLVMTypeRef  ude_reverse_back_type(ude_reverse *r, LLVMTypeRef type);
/** {result, its shadow, frame} and {adjoints of real arguments}. */
LLVMTypeRef ude_reverse_sweep_result(ude_reverse *r, LLVMTypeRef type);
LLVMTypeRef ude_reverse_back_result(ude_reverse *r, LLVMTypeRef type);
void        ude_reverse_sweep_call(ude_reverse *r, LLVMValueRef call);
void        ude_reverse_back_call(ude_reverse *r, LLVMValueRef call);
void        ude_reverse_mark_quiet(ude_reverse *r);

/* reverse_loop.c */
void         ude_loop_study(ude_reverse *r);
bool         ude_loop_holds(const ude_flow *flow, int loop, int block);
bool         ude_loop_induction(ude_reverse *r, LLVMValueRef phi, ude_induction *out);
LLVMValueRef ude_loop_induction_value(ude_reverse *r, LLVMValueRef phi, const ude_induction *of,
                                      LLVMValueRef start);
/** Number of the iteration, of iterations, and rows of a loop at the point of the reverse sweep; outside the
 *  loop, of its last iteration. */
LLVMValueRef ude_loop_back_index(ude_reverse *r, int loop);
LLVMValueRef ude_loop_back_trip(ude_reverse *r, int loop);
LLVMValueRef ude_loop_back_base(ude_reverse *r, int loop);
/** The reverse sweep goes from `block` to `pred`: start to undo the loops that are entered by that. */
void         ude_loop_enter_back(ude_reverse *r, int block, int pred);
void         ude_loop_number(ude_reverse *r, int loop);
void         ude_loop_finish_numbers(ude_reverse *r);
LLVMValueRef ude_loop_sweep_trip(ude_reverse *r, int loop);

/* reverse_control.c */
/** Frames, slots and predecessor indices in the forward sweep, once the reverse sweep said what it needs. */
void ude_reverse_finish_sweep(ude_reverse *r);
/** The branches at the end of a reverse block. */
void ude_reverse_leave_block(ude_reverse *r, int block);

#endif
