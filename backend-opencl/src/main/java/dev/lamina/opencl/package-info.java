/** The OpenCL backend: devices, memory, and a program of kernels enqueued without waiting. */
package dev.lamina.opencl;
