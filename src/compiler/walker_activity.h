/**
 * @file walker_activity.h
 * @brief The two directions of the activity analysis (walker_activity.c) and what they share.
 */
#ifndef UDE_COMPILER_WALKER_ACTIVITY_H
#define UDE_COMPILER_WALKER_ACTIVITY_H

#include "compiler/walker.h"

/** What travels with a value from the inputs, and what travels with its adjoint from the outputs. */
enum {
  UDE_DOWN = UDE_VARIED | UDE_STEEP | UDE_SOARING,
  UDE_UP   = UDE_USEFUL | UDE_BARE | UDE_STEEP_BAR
};

/** Rounds over the program until nothing changes. */
typedef struct ude_activity {
  ude_walk *walk;
  bool      changed;
} ude_activity;

/** Flags of a value, 0 for constants; of what a pointer points to. */
unsigned ude_activity_flags(ude_walk *walk, LLVMValueRef value);
unsigned ude_activity_node(ude_walk *walk, LLVMValueRef pointer);
void     ude_activity_add(ude_activity *p, LLVMValueRef value, unsigned flags);
void     ude_activity_add_node(ude_activity *p, LLVMValueRef pointer, unsigned flags);
/** `bind` for each function that an indirect call may reach. */
void ude_activity_targets(ude_activity *p, LLVMValueRef call,
                          void (*bind)(ude_activity *, LLVMValueRef, int));
/** An integer, or a vector of integers. */
bool ude_activity_integer(LLVMTypeRef type);

/** One value, in each direction. */
void ude_activity_forward(ude_activity *p, const ude_value *value);
void ude_activity_backward(ude_activity *p, const ude_value *value);

#endif
