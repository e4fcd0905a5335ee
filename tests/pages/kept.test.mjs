// @ts-check
import { device } from "/static/board/kept.js";
import { equal, test } from "./check.mjs";

test("what a browser has no room for is there until the page is left, and again kept once there is room", () => {
  const { setItem } = Storage.prototype;
  device.setItem("basket", "tea");
  try {
    Storage.prototype.setItem = () => {
      throw new DOMException("Full", "QuotaExceededError");
    };
    device.setItem("basket", "bun");
    equal([device.getItem("basket"), localStorage.getItem("basket"), device.isForgetful], ["bun", "tea", true]);
  } finally {
    Storage.prototype.setItem = setItem;
  }
  device.setItem("basket", "pie");
  equal([localStorage.getItem("basket"), device.isForgetful], ["pie", false]);
  device.removeItem("basket");

  equal([device.getItem("basket"), localStorage.getItem("basket")], [null, null]);
});
