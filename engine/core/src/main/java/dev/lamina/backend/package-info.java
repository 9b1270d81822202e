/**
 * The SPI between the engine and its backends, and only that: providers, devices, buffers, graphs
 * of ops and the programs compiled from them.
 *
 * <p>Its shape is a GPU's: memory of its own, fixed addresses, asynchronous submission. A device is
 * one in-order queue: {@link dev.lamina.backend.Buffer#write}, {@link
 * dev.lamina.backend.Buffer#copyTo} and {@link dev.lamina.backend.Program#submit} enqueue and
 * return; {@link dev.lamina.backend.Buffer#read} and {@link dev.lamina.backend.Completion#await}
 * wait for what was enqueued before them. A device is used by one thread at a time.
 */
package dev.lamina.backend;
