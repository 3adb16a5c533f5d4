/**
 * @file version.h
 * @brief The version, stated once: CMake, the package files and the program read it from here.
 */
#ifndef UDE_VERSION_H
#define UDE_VERSION_H

#define UDE_VERSION_MAJOR 0
#define UDE_VERSION_MINOR 1
#define UDE_VERSION_PATCH 0
#define UDE_VERSION_TEXT "0.1.0"

#endif
