/**
 * Models of well-known shapes with made-up vocabularies: metadata and tensor tables that any GGUF
 * reader accepts, for measuring without a download and for placing without a device.
 */
package dev.lamina.model.synthetic;
