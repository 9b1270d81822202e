/** The driver interface on NVIDIA's driver, through JCuda. */
package dev.lamina.cuda.jcuda;
