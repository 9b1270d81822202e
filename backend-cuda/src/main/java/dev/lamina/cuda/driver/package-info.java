/**
 * The small part of a GPU driver's interface that the backend needs, the same for CUDA and for HIP.
 * Device addresses are plain numbers; what a driver refuses is a {@link
 * dev.lamina.backend.DeviceException} that names the call and the driver's own word for it.
 */
package dev.lamina.cuda.driver;
