/**
 * @file walker.c
 * @brief Memory of one transform, maps, and the list of reachable functions and their values.
 */
#include "compiler/walker.h"
#include "compiler/transform.h"
#include "compiler/user_rule.h"

#include <llvm-c/Error.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdlib.h>
#include <string.h>

typedef struct arena_block {
  struct arena_block *next;
  size_t              used, size;
} arena_block;

enum { ARENA_BLOCK = 1 << 16, ARENA_ALIGN = 16 };

void *ude_walk_alloc(ude_walk *walk, size_t count, size_t size) {
  if (size && count > (SIZE_MAX / 2) / size) {
    longjmp(walk->leave, (int)ude_fail_memory(walk->error, "a derivative"));
  }
  size_t       bytes  = (count * size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
  size_t       header = (sizeof(arena_block) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
  arena_block *block  = walk->arena;
  if (!block || block->size - block->used < bytes) {
    size_t room = bytes > ARENA_BLOCK ? bytes : ARENA_BLOCK;
    block       = malloc(header + room);
    if (!block) {
      longjmp(walk->leave, (int)ude_fail_memory(walk->error, "a derivative"));
    }
    *block      = (arena_block){.next = walk->arena, .size = room};
    walk->arena = block;
  }
  void *start = (char *)block + header + block->used;
  block->used += bytes;
  return memset(start, 0, bytes);
}

void *ude_walk_grow(ude_walk *walk, void *block, int count, int *capacity, size_t size) {
  if (count < *capacity) {
    return block;
  }
  int   wanted = *capacity ? 2 * *capacity : 64;
  void *wider  = ude_walk_alloc(walk, (size_t)wanted, size);
  if (count) {
    memcpy(wider, block, (size_t)count * size);
  }
  *capacity = wanted;
  return wider;
}

/* ------------------------------------------------------------------------------------ maps -- */

static size_t map_slot(const ude_map_of *map, const void *key) {
  uint64_t bits = (uint64_t)(uintptr_t)key * UINT64_C(0x9E3779B97F4A7C15);
  size_t   mask = (size_t)map->capacity - 1;
  size_t   at   = (size_t)(bits >> 32) & mask;
  while (map->entry[at].key && map->entry[at].key != key) {
    at = (at + 1) & mask;
  }
  return at;
}

void ude_map_put(ude_walk *walk, ude_map_of *map, const void *key, int index) {
  if (2 * (map->count + 1) > map->capacity) {
    ude_map_of wider = {.capacity = map->capacity ? 2 * map->capacity : 64};
    wider.entry      = ude_walk_alloc(walk, (size_t)wider.capacity, sizeof *wider.entry);
    for (int i = 0; i < map->capacity; i++) {
      if (map->entry[i].key) {
        wider.entry[map_slot(&wider, map->entry[i].key)] = map->entry[i];
      }
    }
    wider.count = map->count;
    *map        = wider;
  }
  size_t at = map_slot(map, key);
  if (!map->entry[at].key) {
    map->count++;
  }
  map->entry[at] = (ude_map_entry){key, index};
}

int ude_map_get(const ude_map_of *map, const void *key) {
  if (!map->capacity) {
    return -1;
  }
  size_t at = map_slot(map, key);
  return map->entry[at].key ? map->entry[at].index : -1;
}

/* ------------------------------------------------------------------------------------ life -- */

ude_walk *ude_walk_create(LLVMModuleRef module, ude_error *error) {
  ude_walk *walk = calloc(1, sizeof *walk);
  if (!walk) {
    ude_fail_memory(error, "a derivative");
    return NULL;
  }
  walk->module      = module;
  walk->context     = LLVMGetModuleContext(module);
  walk->layout      = LLVMGetModuleDataLayout(module);
  walk->builder     = LLVMCreateBuilderInContext(walk->context);
  walk->aside       = LLVMCreateBuilderInContext(walk->context);
  walk->error       = error;
  walk->type_double = LLVMDoubleTypeInContext(walk->context);
  walk->type_float  = LLVMFloatTypeInContext(walk->context);
  walk->type_i1     = LLVMInt1TypeInContext(walk->context);
  walk->type_i8     = LLVMInt8TypeInContext(walk->context);
  walk->type_i32    = LLVMInt32TypeInContext(walk->context);
  walk->type_i64    = LLVMInt64TypeInContext(walk->context);
  walk->type_ptr    = LLVMPointerTypeInContext(walk->context, 0);
  walk->type_void   = LLVMVoidTypeInContext(walk->context);
  return walk;
}

void ude_walk_free(ude_walk *walk) {
  if (!walk) {
    return;
  }
  LLVMDisposeBuilder(walk->builder);
  LLVMDisposeBuilder(walk->aside);
  for (arena_block *block = walk->arena, *next; block; block = next) {
    next = block->next;
    free(block);
  }
  free(walk);
}

/* ------------------------------------------------------------------- the reachable program -- */

bool ude_walk_constant(LLVMValueRef value) {
  LLVMValueKind kind = LLVMGetValueKind(value);
  return kind != LLVMArgumentValueKind && kind != LLVMInstructionValueKind;
}

int ude_walk_value(const ude_walk *walk, LLVMValueRef value) {
  return ude_walk_constant(value) ? -1 : ude_map_get(&walk->ids, value);
}

int ude_walk_function(ude_walk *walk, LLVMValueRef function) {
  return ude_map_get(&walk->ids, function);
}

static void add_function(ude_walk *walk, LLVMValueRef function) {
  if (ude_map_get(&walk->ids, function) >= 0 || LLVMIsDeclaration(function)) {
    return;
  }
  walk->function = ude_walk_grow(walk, walk->function, walk->functions, &walk->function_capacity,
                                 sizeof *walk->function);
  ude_map_put(walk, &walk->ids, function, walk->functions);
  walk->function[walk->functions++] =
      (ude_function){.value = function, .result = -1, .next_in_node = -1};
}

/* Add the functions that a constant mentions: callees, entries of tables, initial values. */
static void add_mentioned(ude_walk *walk, LLVMValueRef constant, ude_map_of *seen) {
  LLVMValueKind kind = LLVMGetValueKind(constant);
  if (kind == LLVMFunctionValueKind) {
    add_function(walk, constant);
    return;
  }
  if (kind == LLVMArgumentValueKind || kind == LLVMInstructionValueKind ||
      kind == LLVMBasicBlockValueKind || kind == LLVMMetadataAsValueValueKind ||
      kind == LLVMInlineAsmValueKind || !ude_type_has_pointer(LLVMTypeOf(constant))) {
    return;
  }
  if (ude_map_get(seen, constant) >= 0) {
    return;
  }
  ude_map_put(walk, seen, constant, 0);
  if (kind == LLVMGlobalVariableValueKind) {
    LLVMValueRef initial = LLVMGetInitializer(constant);
    if (initial) {
      add_mentioned(walk, initial, seen);
    }
    return;
  }
  for (int i = 0; i < LLVMGetNumOperands(constant); i++) {
    LLVMValueRef operand = LLVMGetOperand(constant, (unsigned)i);
    if (operand) {
      add_mentioned(walk, operand, seen);
    }
  }
}

static void add_value(ude_walk *walk, LLVMValueRef value, int function, int block) {
  walk->value =
      ude_walk_grow(walk, walk->value, walk->values, &walk->value_capacity, sizeof *walk->value);
  ude_map_put(walk, &walk->ids, value, walk->values);
  walk->value[walk->values++] =
      (ude_value){.value = value, .function = function, .block = block, .target = -1};
}

static void scan_function(ude_walk *walk, int index, ude_map_of *seen) {
  LLVMValueRef function = walk->function[index].value;
  ude_flow     flow;
  ude_flow_build(walk, function, &flow);
  int first = walk->values;
  for (unsigned k = 0; k < LLVMCountParams(function); k++) {
    add_value(walk, LLVMGetParam(function, k), index, -1);
  }
  for (int b = 0; b < flow.blocks; b++) {
    ude_map_put(walk, &walk->ids, flow.block[b].block, b);
    for (LLVMValueRef i = LLVMGetFirstInstruction(flow.block[b].block); i;
         i              = LLVMGetNextInstruction(i)) {
      add_value(walk, i, index, b);
      bool call = LLVMIsACallInst(i) != NULL;
      for (int k = 0; k < LLVMGetNumOperands(i); k++) {
        LLVMValueRef operand = LLVMGetOperand(i, (unsigned)k);
        if (!operand || !ude_walk_constant(operand)) {
          continue;
        }
        bool callee = call && k == LLVMGetNumOperands(i) - 1;
        add_mentioned(walk, callee ? ude_walk_callee(walk, i) : operand, seen);
        int target = LLVMIsAFunction(operand) ? ude_map_get(&walk->ids, operand) : -1;
        if (target >= 0 && !callee) {
          walk->function[target].address_taken = true;
        }
      }
    }
  }
  walk->function[index].flow        = flow;
  walk->function[index].first_value = first;
  walk->function[index].values      = walk->values - first;
}

/* Rewrites of walker_lower.c, for every function of the module: callers and callees must agree on how
 * structs are passed. Emitted derivatives contain none of what is rewritten. */
static void lower_module(ude_walk *walk) {
  const LLVMAttributeIndex whole  = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;
  const unsigned           length = (unsigned)strlen(UDE_LOWERED);
  ude_walk_lower_pointers(walk);
  for (LLVMValueRef f = LLVMGetFirstFunction(walk->module); f; f = LLVMGetNextFunction(f)) {
    if (LLVMIsDeclaration(f) || LLVMGetStringAttributeAtIndex(f, whole, UDE_LOWERED, length)) {
      continue;
    }
    ude_walk_lower(walk, f);
    LLVMAddAttributeAtIndex(f, whole,
                            LLVMCreateStringAttribute(walk->context, UDE_LOWERED, length, "", 0));
  }
}

/* Gotos into loops: LLVM's own pass gives each cycle a single entry (it wants no switch). */
static void make_reducible(ude_walk *walk) {
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMErrorRef              error =
      LLVMRunPasses(walk->module, "function(lower-switch,fix-irreducible)", NULL, options);
  LLVMDisposePassBuilderOptions(options);
  if (error) {
    LLVMConsumeError(error);
    ude_walk_leave(walk, UDE_INTERNAL, "a loop with several entries could not be rewritten");
  }
}

void ude_walk_program(ude_walk *walk, LLVMValueRef primal) {
  ude_user_rules_load(walk);
  lower_module(walk);
  for (int attempt = 0; attempt < 2; attempt++) {
    ude_map_of seen = {0};
    walk->ids       = (ude_map_of){0};
    walk->functions = walk->values = 0;
    add_function(walk, primal);
    for (int f = 0; f < walk->functions; f++) {
      scan_function(walk, f, &seen);
    }
    bool irreducible = false;
    for (int f = 0; f < walk->functions; f++) {
      irreducible = irreducible || walk->function[f].flow.irreducible;
    }
    if (!irreducible) {
      LLVMSetCurrentDebugLocation2(walk->builder, NULL);
      return;
    }
    if (!attempt) {
      make_reducible(walk);
    }
  }
  ude_walk_leave(walk, UDE_INTERNAL, "a loop with several entries could not be rewritten");
}
