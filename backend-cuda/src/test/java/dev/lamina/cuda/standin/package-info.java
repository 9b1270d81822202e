/**
 * The stand-in drivers: built by g++ from src/test/native, loaded instead of a vendor's driver.
 *
 * <p>Once the tests have built the one for CUDA, the program runs on it, too, slowly:
 *
 * <pre>{@code
 * LD_LIBRARY_PATH=backend-cuda/target/stand-in/cuda \
 *     STANDIN_MODULES=$PWD/backend-cuda/target/stand-in/modules ./lamina devices
 * }</pre>
 */
package dev.lamina.cuda.standin;
