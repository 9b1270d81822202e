/**
 * NVIDIA's and AMD's cards behind one small driver interface, with the C-dialect kernels of the
 * shaders module and those of it that are for cards alone.
 *
 * <p>CUDA's kernels are PTX in this module's resources, made by nvcc (13.0) of the kernel texts; a
 * test fails where the texts have changed since. This makes anew what has changed:
 *
 * <pre>{@code
 * ./mvnw -q -P ptx -pl backend-cuda -am process-test-classes
 * }</pre>
 *
 * <p>ROCm's are compiled on the user's machine, when a card of an architecture is first used.
 */
package dev.lamina.cuda;
