/** The backend of CUDA, through JCuda, and of ROCm, through HIP, behind one driver interface. */
package dev.lamina.cuda;
