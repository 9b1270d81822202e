/**
 * The stand-in drivers: built by g++ from src/test/native, loaded instead of a vendor's driver.
 *
 * <p>The program runs on the one for CUDA, too, slowly. This builds it, with the kernels for models
 * of some types of weights, and runs it:
 *
 * <pre>{@code
 * ./mvnw -q -P stand-in -Dtypes=F32,Q4_K,Q6_K -pl backend-cuda -am process-test-classes
 * LD_LIBRARY_PATH=backend-cuda/target/stand-in/cuda \
 *     STANDIN_MODULES=$PWD/backend-cuda/target/stand-in/modules ./lamina devices
 * }</pre>
 *
 * <p>{@code .ci/bench-gpu --rehearse} does both.
 */
package dev.lamina.cuda.standin;
