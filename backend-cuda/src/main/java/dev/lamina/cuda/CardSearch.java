package dev.lamina.cuda;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.cuda.driver.GpuCard;
import dev.lamina.cuda.driver.GpuDriver;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;

/** The search for the cards of one driver. */
final class CardSearch {
  private CardSearch() {}

  /**
   * Opens every card that will do.
   *
   * @param load finds the driver; throws the reason for none
   * @param unfit why a card will not do, or null
   * @param images where the kernels for a card come from
   */
  static Discovery search(
      Flavour flavour,
      DeviceOptions options,
      Supplier<? extends GpuDriver> load,
      Function<GpuCard, String> unfit,
      BiFunction<GpuDriver, GpuCard, KernelImages> images) {
    GpuDriver driver;
    try {
      driver = load.get();
    } catch (DeviceException e) {
      return Discovery.none(e.getMessage());
    } catch (RuntimeException | LinkageError e) {
      return Discovery.none("the driver cannot be used: " + e);
    }
    List<Device> devices = new ArrayList<>();
    List<String> reasons = new ArrayList<>();
    for (int i = 0; i < driver.cards(); i++) {
      try {
        GpuCard card = driver.card(i);
        String why = unfit.apply(card);
        if (why != null) {
          reasons.add(why);
        } else {
          devices.add(new CardDevice(flavour, driver, card, images.apply(driver, card), options));
        }
      } catch (DeviceException e) {
        reasons.add(flavour.idPrefix() + i + " was left out: " + e.getMessage());
      }
    }
    return new Discovery(devices, reasons);
  }
}
