/**
 * Models from Hugging Face: what a repository has, downloads that go on where they broke off, and
 * the cache that is shared with the other tools of the hub. Prints nothing; loaded only where a
 * command asks for a repository.
 */
package dev.lamina.app.hub;
