"""What the demo is about: the café, its menu, and who comes and works there. Nobody of them is real."""

from dataclasses import dataclass
from typing import Any, Final, Literal

Role = Literal["owner", "staff", "customer"]

# Known to everybody who has read this, as are the addresses: nothing of worth may ever stand behind them.
PASSWORD: Final = "coffee-time"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody of the demo; all have the one password."""

    name: str
    email: str
    role: Role


@dataclass(frozen=True, slots=True)
class Item:
    """Something on the menu; `stock` None is unlimited, `demand` says how often it is asked for beside the others."""

    category: str
    name: str
    price_minor: int
    description: str
    demand: int = 4
    stock: int | None = None
    is_sold_out: bool = False
    notes: tuple[str, ...] = ()

    def facts(self, position: int) -> dict[str, Any]:
        """What the API wants to know to put it on a menu."""
        return {
            "name": self.name,
            "description": self.description,
            "category": self.category,
            "price_minor": self.price_minor,
            "stock": self.stock,
            "available": not self.is_sold_out,
            "position": position,
        }


SHOP: Final[dict[str, Any]] = {
    "name": "Harbour Café",
    "slug": "harbour-cafe",
    "description": "Coffee, cake and small things to eat. A demo: nobody here is real, and nothing is really sold.",
    "address": "12 Quay Street",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
}

_MILK: Final = ("oat milk, please", "soy milk", "extra hot", "in my own cup", "no sugar")
_TOASTED: Final = ("warmed up", "cut in half, please")

MENU: Final[tuple[Item, ...]] = (
    Item("Coffee", "Espresso", 240, "One short shot.", notes=("a double", "with a glass of water")),
    Item("Coffee", "Flat white", 380, "Two shots under silky milk.", demand=9, notes=_MILK),
    Item("Coffee", "Cappuccino", 360, "With cocoa on top.", demand=7, notes=_MILK),
    Item("Coffee", "Filter coffee", 290, "Brewed by the cup.", notes=("black", "a little milk")),
    Item("From the oven", "Cinnamon bun", 320, "A dozen from each tray, until they are gone.", demand=8, stock=12),
    Item("From the oven", "Carrot cake", 420, "By the slice. Back on Saturday.", is_sold_out=True),
    Item("From the oven", "Butter croissant", 260, "Baked here each morning.", demand=6, notes=_TOASTED),
    Item("From the oven", "Cheese toast", 540, "Sourdough, mountain cheese, mustard.", notes=_TOASTED),
    Item("Tea and more", "Fresh mint tea", 340, "A handful of mint, hot water, honey.", notes=("honey apart",)),
    Item("Tea and more", "Chai latte", 410, "Black tea, spices, milk.", notes=_MILK),
    Item("Tea and more", "Hot chocolate", 390, "Made from dark chocolate.", notes=("with cream",)),
    Item("Cold", "Granola bowl", 620, "Yoghurt, oats and nuts, fruit in season.", demand=2, notes=("no nuts",)),
    Item("Cold", "Apple spritzer", 330, "Cloudy apple juice with sparkling water.", demand=3),
)

OWNER: Final = Account("Maya", "demo.owner@example.com", "owner")
# The first is who the visitor may sign in as.
STAFF: Final = (
    Account("Tom", "demo.staff@example.com", "staff"),
    Account("Lena", "demo.lena@example.com", "staff"),
    Account("Omar", "demo.omar@example.com", "staff"),
)
CUSTOMER: Final = Account("Ada", "demo.customer@example.com", "customer")
_NAMES: Final = (
    *("Anna", "Ben", "Carla", "Daniel", "Elif", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Kim", "Leo", "Maria"),
    *("Nils", "Olga", "Paul", "Rosa", "Sami", "Tara", "Uma", "Victor", "Wanda", "Yara", "Zoe", "Alma", "Bruno"),
    *("Clara", "David", "Emma", "Finn", "Hana", "Ivo", "Julia", "Karim", "Lucia", "Marek", "Nora", "Pia", "Ravi"),
)

SHOP_NOTES: Final = ("To go, please.", "We sit outside.", "No hurry.", "It is a birthday: a candle, if you have one?")
PICKUP_NAMES: Final = ("Window table", "Table 4", "The two in raincoats", "Team Tuesday")
REASONS: Final = ("We are out of oat milk, sorry.", "The oven is too full, sorry.")


def customers(count: int) -> list[Account]:
    """So many who come: first the one whom the visitor may sign in as, then others, with plain first names."""
    made = [CUSTOMER]
    for number in range(count - 1):
        name, turn = _NAMES[number % len(_NAMES)], number // len(_NAMES)
        made.append(Account(name, f"demo.{name.lower()}{turn or ''}@example.com", "customer"))
    return made


def item(name: str) -> Item | None:
    """Something on the café's menu by its name; None for what others have put there."""
    return next((each for each in MENU if each.name == name), None)
