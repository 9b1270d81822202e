/** The Vulkan backend: devices, memory, and a program recorded once and replayed. */
package dev.lamina.vulkan;
