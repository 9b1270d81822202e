package dev.lamina.cpu;

import dev.lamina.cpu.kernel.Place;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Gives places their offsets, so that two that are alive at the same level never overlap: the
 * largest first, each at the lowest offset that is free over its life.
 */
final class MemoryPlan {
  /** Whole vectors are read and written at the end of a place. */
  private static final long SLACK = 64;

  private record Lain(long from, long to, int first, int last) {}

  private long bytes;

  /** Sets the address of each place to its offset. */
  MemoryPlan(List<Place> places, Map<Place, Integer> written, Map<Place, Integer> lastRead) {
    List<Place> bySize = new ArrayList<>(places);
    bySize.sort(Comparator.comparingLong(Place::bytes).reversed());
    List<Lain> lain = new ArrayList<>();
    for (Place place : bySize) {
      int first = place.pinned() ? Integer.MIN_VALUE : written.getOrDefault(place, 0);
      int last =
          place.pinned() ? Integer.MAX_VALUE : Math.max(first, lastRead.getOrDefault(place, 0));
      long size = (place.bytes() + SLACK + 63) / 64 * 64;
      long at = 0;
      for (Lain other : lain) { // by offset
        if (other.first <= last && first <= other.last && at < other.to) {
          if (other.from >= at + size) {
            break;
          }
          at = other.to;
        }
      }
      place.put(at);
      bytes = Math.max(bytes, at + size);
      Lain own = new Lain(at, at + size, first, last);
      int index = 0;
      while (index < lain.size() && lain.get(index).from < at) {
        index++;
      }
      lain.add(index, own);
    }
  }

  long bytes() {
    return bytes;
  }
}
