package dev.lamina.vulkan;

import dev.lamina.backend.Output;
import org.lwjgl.vulkan.VkCommandBuffer;

/**
 * A program's commands for steps of one size, recorded once.
 *
 * @param commands the commands
 * @param tokensPerTile the most tokens in a tile of each list of attention tiles
 * @param dispatches kernels that they run
 */
record Recording(VkCommandBuffer commands, int[] tokensPerTile, int dispatches) {
  /**
   * What a recording is for.
   *
   * @param want what is read afterwards
   * @param tokens the most tokens
   * @param outputs the most rows that want output
   * @param lengthClass see {@link AttentionShape#lengthClass}
   */
  record Size(Output want, int tokens, int outputs, int lengthClass) {}
}
