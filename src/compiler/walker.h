/**
 * @file walker.h
 * @brief What all transforms share: the reachable program, its control flow, what its pointers may
 *        point to, and which of its values carry derivatives.
 *
 * One ude_walk lives for one transform. All its memory comes from an arena that is freed at the end;
 * a refusal or a failed allocation leaves by longjmp to the entry point of the transform, which is the only
 * place that cleans up (no LLVM frame is ever between the two).
 */
#ifndef UDE_COMPILER_WALKER_H
#define UDE_COMPILER_WALKER_H

#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <setjmp.h>
#include <ude/base.h>

/* ------------------------------------------------------------------------------ control flow -- */

/** A loop: a strongly connected set of blocks entered only through its header. Loop 0 is the function itself. */
typedef struct ude_flow_loop {
  int parent, header, depth;
} ude_flow_loop;

typedef struct ude_flow_block {
  LLVMBasicBlockRef block;
  int               preds, succs; /**< counts, each neighbour once, reachable ones only */
  int              *pred, *succ;  /**< indices of blocks */
  int               loop;         /**< innermost loop that holds it */
  bool              returns;      /**< a return can be reached from it */
} ude_flow_block;

/** Control flow of one function; blocks are in reverse postorder, 0 is the entry. */
typedef struct ude_flow {
  int             blocks, loops;
  ude_flow_block *block;
  ude_flow_loop  *loop;
  bool            irreducible;
} ude_flow;

/* ------------------------------------------------------------------------------------ values -- */

/** What memory or an integer may hold, as far as typed accesses tell. */
enum {
  UDE_HOLDS_DOUBLE  = 1,
  UDE_HOLDS_FLOAT   = 2,
  UDE_HOLDS_POINTER = 4,
  UDE_HOLDS_INTEGER = 8,
  UDE_HOLDS_OTHER   = 16 /**< long double, half, ... */
};

enum {
  UDE_VARIED  = 1, /**< depends on an active input */
  UDE_USEFUL  = 2, /**< an active output depends on it */
  UDE_CARRIER = 4, /**< an integer that may hold the bits of a float or of a pointer */
  UDE_TAINTED = 8, /**< an integer computed from the bits of varied floats */
  UDE_STEEP =
      32, /**< its tangent may be infinite while it is finite: sqrt and its like are above it */
  UDE_STEEP_BAR = 64,  /**< its adjoint may be: it goes into sqrt and its like */
  UDE_SOARING   = 128, /**< may overflow, and its tangent with it: exp and its like are above it */
  UDE_BARE =
      16 /**< some use shows it as it is; of the others a select, fmin or fmax may drop every use, and
                     their adjoint may be 0 while they are not finite */
};

/** An argument or instruction of the reachable program. */
typedef struct ude_value {
  LLVMValueRef value;
  int          function, block; /**< index of function; of block, -1 for an argument */
  int          target;          /**< points-to node, -1: none */
  unsigned     flags, holds;
} ude_value;

/** A set of memory objects that pointers of the program do not tell apart (Steensgaard 1996). */
typedef struct ude_node {
  int      parent;  /**< union-find */
  int      pointee; /**< what pointers stored in it point to, -1: none */
  unsigned flags, holds;
  unsigned declared; /**< what the types of its objects say they hold; all bits where not known */
  bool     written;  /**< some store may go there */
  bool     read;     /**< some load may read it */
  bool     heap, global; /**< holds a malloc'ed object; a mutable global */
  bool     integers;     /**< integers may have been written there */
  bool     outside;      /**< memory of the map's arguments */
  bool     kept;         /**< pointers to it are stored in a mutable global */
  bool     shadowed;     /**< its objects need shadow memory */
  int      functions;    /**< head of a list of functions that it may be, -1: none */
} ude_node;

typedef struct ude_function {
  LLVMValueRef value;
  ude_flow     flow;
  int          first_value, values; /**< arguments, then instructions in order of blocks */
  int          result;              /**< points-to node of a returned pointer, -1 */
  unsigned     result_flags, result_holds;
  int          next_in_node; /**< list of ude_node.functions */
  bool         address_taken;
} ude_function;

enum {
  UDE_ROLE_INPUT  = 1, /**< varied when the function starts */
  UDE_ROLE_OUTPUT = 2, /**< useful when it ends */
  UDE_ROLE_ABSENT = 4  /**< has no shadow: nothing that has a derivative may be stored there */
};

/** What the parameters of the differentiated function are to the derivative; of a pointer, the memory it points to. */
typedef struct ude_roles {
  const unsigned char *param;  /**< [parameters] UDE_ROLE_* */
  bool                 result; /**< its result is an output */
} ude_roles;

typedef struct ude_map_entry {
  const void *key;
  int         index;
} ude_map_entry;

/** From pointers to small indices. */
typedef struct ude_map_of {
  ude_map_entry *entry;
  int            capacity, count;
} ude_map_of;

/** Memory of a tape (`frame`) that keeps pointers to `kept` in one of its slots. Slots are told apart, fields of the
 *  model's own objects are not. */
typedef struct ude_slot_use {
  int frame, kept;
} ude_slot_use;

/** Which rules of the model serve. */
typedef enum ude_mode {
  UDE_MODE_OTHER,
  UDE_MODE_FORWARD,
  UDE_MODE_REVERSE,
  UDE_MODE_LANES
} ude_mode;

struct ude_user_rule;

typedef struct ude_walk {
  LLVMModuleRef     module;
  LLVMContextRef    context;
  LLVMTargetDataRef layout;
  LLVMBuilderRef    builder;
  LLVMBuilderRef    aside; /**< for code elsewhere, so that `builder` stays where it is */
  ude_error        *error;
  jmp_buf           leave;
  void             *arena;
  LLVMTypeRef type_double, type_float, type_i1, type_i8, type_i32, type_i64, type_ptr, type_void;

  const char           *verb;  /**< what is refused; NULL: "differentiate" */
  const ude_roles      *roles; /**< NULL: a flat map */
  ude_mode              mode;
  struct ude_user_rule *user_rule;
  int                   user_rules, user_rule_capacity;
  ude_map_of            rules; /**< of called functions: row of the rule table plus one, 0: none */
  ude_map_of    ids; /**< functions, blocks, values, globals: each kind indexes its own array */
  ude_function *function;
  int           functions, function_capacity;
  ude_value    *value;
  int           values, value_capacity;
  ude_node     *node;
  int           nodes, node_capacity;
  ude_map_of    slots; /**< of tapes: nodes of what they keep pointers to */
  ude_slot_use *slot_use;
  int           slot_uses, slot_use_capacity;
} ude_walk;

/* walker.c: life, memory, maps, the reachable program */
ude_walk *ude_walk_create(LLVMModuleRef module, ude_error *error);
void      ude_walk_free(ude_walk *walk);
void *ude_walk_alloc(ude_walk *walk, size_t count, size_t size); /**< zeroed; leaves on failure */
void *ude_walk_grow(ude_walk *walk, void *block, int count, int *capacity, size_t size);
void  ude_map_put(ude_walk *walk, ude_map_of *map, const void *key, int index);
int   ude_map_get(const ude_map_of *map, const void *key); /**< -1: absent */
/** Everything that `primal` may call: lowered, numbered, with its flow. */
void ude_walk_program(ude_walk *walk, LLVMValueRef primal);
int  ude_walk_function(ude_walk *walk, LLVMValueRef function); /**< index or -1 */
int  ude_walk_value(const ude_walk *walk, LLVMValueRef value); /**< index or -1 for constants */
bool ude_walk_constant(LLVMValueRef value); /**< anything but an argument or instruction */

/* walker_graph.c */
void ude_flow_build(ude_walk *walk, LLVMValueRef function, ude_flow *flow);

/* walker_lower.c: rewrite what no transform should have to know */
void ude_walk_lower(ude_walk *walk, LLVMValueRef function);
void ude_walk_lower_pointers(ude_walk *walk);

/* walker_points.c */
void ude_walk_points(ude_walk *walk, LLVMValueRef primal);
int  ude_walk_find(ude_walk *walk, int node);
int  ude_walk_target(ude_walk    *walk,
                     LLVMValueRef value); /**< representative node; -1: null, undef */

/* walker_activity.c */
void ude_walk_activity(ude_walk *walk, LLVMValueRef primal);
bool ude_walk_varied(ude_walk *walk, LLVMValueRef value);
bool ude_walk_active(ude_walk *walk, LLVMValueRef value); /**< varied and useful */
bool ude_walk_steep(ude_walk *walk, LLVMValueRef value);
bool ude_walk_steep_bar(ude_walk *walk, LLVMValueRef value);
bool ude_walk_soars(ude_walk *walk, LLVMValueRef value);
bool ude_walk_node_varied(ude_walk *walk, LLVMValueRef pointer);
bool ude_walk_node_active(ude_walk *walk, LLVMValueRef pointer);
bool ude_walk_shadowed(ude_walk *walk, LLVMValueRef pointer); /**< its shadow may be dereferenced */
/** The load or store moves an integer that may be a copy of float or pointer bits. */
bool ude_walk_carries(ude_walk *walk, LLVMValueRef access);

/** Name of the alias scope of everything that derivatives keep on the tape. */
#define UDE_TAPE_SCOPE "ude.tape"
/** And of the domain of one scope for each slot, in derivatives that are differentiated again. */
#define UDE_SLOT_DOMAIN "ude.slot"

/* walker_types.c: questions about types, accesses and calls */
bool        ude_type_is_real(LLVMTypeRef type);        /**< float or double */
bool        ude_type_is_real_vector(LLVMTypeRef type); /**< fixed vector of those */
bool        ude_type_has_real(LLVMTypeRef type);       /**< contains any floating type */
bool        ude_type_has_pointer(LLVMTypeRef type);
unsigned    ude_type_holds(LLVMTypeRef type); /**< UDE_HOLDS_* of all leaves */
LLVMTypeRef ude_access_type(LLVMValueRef access);
/** 1: the C type of the access is an integer, 0: it is a float or pointer, -1: unknown (char, union, none). */
int ude_access_is_integer(ude_walk *walk, LLVMValueRef access);
/** A derivative keeps or fetches something on its tape. */
bool ude_access_is_tape(ude_walk *walk, LLVMValueRef access);
/** What identifies the slot of a tape that an access goes to, NULL for other memory. */
const void *ude_access_slot(ude_walk *walk, LLVMValueRef access);
/** Are there shadow pointers in the memory that the load or store goes to? */
bool ude_access_holds_pointers(ude_walk *walk, LLVMValueRef access);
bool ude_call_is_intrinsic(LLVMValueRef call);
/** Name of the directly called function, NULL for indirect calls and assembly. */
const char *ude_call_name(LLVMValueRef call);
bool        ude_name_is(const char *name, const char *const *list); /**< NULL-terminated list */

/** How a call without a visible body behaves, apart from the rules of rules.h. */
typedef enum ude_callee {
  UDE_CALLEE_BODY,     /**< has a body here */
  UDE_CALLEE_INDIRECT, /**< through a pointer */
  UDE_CALLEE_RULE,     /**< a function of reals with a row in the rule table */
  UDE_CALLEE_IGNORED,  /**< no effect on values: lifetime, assume, debug */
  UDE_CALLEE_INTEGER,  /**< integers in, integers out */
  UDE_CALLEE_COPY,     /**< memcpy, memmove */
  UDE_CALLEE_SET,      /**< memset */
  UDE_CALLEE_MALLOC,
  UDE_CALLEE_CALLOC,
  UDE_CALLEE_REALLOC,
  UDE_CALLEE_FREE,
  UDE_CALLEE_INERT,    /**< reads at most: printing, abort, comparisons of text */
  UDE_CALLEE_TEXT,     /**< writes text where its first argument points: sprintf, strcpy */
  UDE_CALLEE_STACK,    /**< stacksave, stackrestore */
  UDE_CALLEE_USER,     /**< the model gives a rule for it */
  UDE_CALLEE_INACTIVE, /**< the model says that it has no derivative */
  /* What derivatives call, for those that are differentiated again. */
  UDE_CALLEE_TAPE, /**< finds, marks or releases the tape */
  UDE_CALLEE_TAKE, /**< memory of the tape */
  UDE_CALLEE_SHADOW_ALLOC,
  UDE_CALLEE_SHADOW_GROW,
  UDE_CALLEE_UNKNOWN
} ude_callee;
ude_callee ude_call_kind(ude_walk *walk, LLVMValueRef call);

/* user_rule.c */
/** What is followed for a UDE_CALLEE_BODY: the function called, or the body that the model gives for it. */
LLVMValueRef ude_walk_callee(ude_walk *walk, LLVMValueRef call);

/* walker_steep.c */
/** A call with a rule whose derivative may be infinite where the function is finite, as far as its arguments tell. */
bool ude_call_is_steep(ude_walk *walk, LLVMValueRef call);
/** exp and its like, which overflow with infinite derivatives: 1 / (1 + exp(-x)) is finite there. */
bool ude_call_soars(ude_walk *walk, LLVMValueRef call);
/**
 * Is `i` an even function of the square root of something, as sqrt(x) sqrt(x) or cos(sqrt(x))? At a root of zero its
 * derivative is finite though that of the root is not. @return that something, and the root and the derivative with
 * respect to it where the root is zero; NULL: it is no such function. Of x y + z (fma) this is about x y.
 */
LLVMValueRef ude_walk_even(ude_walk *walk, LLVMValueRef i, LLVMValueRef *root, double *derivative);

/* walker_check.c */
/** Refuse an instruction that no transform can treat. */
void ude_walk_check(ude_walk *walk, LLVMValueRef instruction);
/** A call of an unknown function that cannot carry a derivative: plain numbers in, none of them varied. */
bool ude_call_is_harmless(ude_walk *walk, LLVMValueRef call);
/** Parameters without a shadow must not need one. */
void ude_walk_check_roles(ude_walk *walk, LLVMValueRef function);
/** A function's integer parameters must not carry floats or pointers with shadows. */
void ude_walk_check_params(ude_walk *walk, int function);

/* refuse.c */
/** Leave with UDE_NOT_DIFFERENTIABLE: "place: cannot differentiate WHAT in 'f': WHY (inlined at ...); ADVICE". */
_Noreturn void ude_refuse(ude_walk *walk, LLVMValueRef instruction, const char *what,
                          const char *why, const char *advice);
_Noreturn void ude_refuse_call(ude_walk *walk, LLVMValueRef call, const char *why,
                               const char *advice);
_Noreturn void ude_walk_leave(ude_walk *walk, ude_status status, const char *message);

#endif
