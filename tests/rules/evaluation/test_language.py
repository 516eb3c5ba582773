"""Languages, by article 1 of the Universal Declaration of Human Rights (1948)."""

import pytest

from penstock.rules.evaluation.language import known_languages, language_of

ARTICLE = {
    "ar": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق.",
    "cs": (
        "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni "
        "rozumem a svědomím a mají spolu jednat v duchu bratrství. To je podle nás tak."
    ),
    "da": (
        "Alle mennesker er født frie og lige i værdighed og rettigheder. De er udstyret "
        "med fornuft og samvittighed, og de bør handle mod hverandre i en broderskabets "
        "ånd."
    ),
    "de": (
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit "
        "Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit "
        "begegnen."
    ),
    "el": ("Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα."),
    "en": (
        "All human beings are born free and equal in dignity and rights. They are endowed "
        "with reason and conscience and should act towards one another in a spirit of "
        "brotherhood."
    ),
    "es": (
        "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados "
        "como están de razón y conciencia, deben comportarse fraternalmente los unos con "
        "los otros."
    ),
    "fr": (
        "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils "
        "sont doués de raison et de conscience et doivent agir les uns envers les autres "
        "dans un esprit de fraternité."
    ),
    "he": "כל בני אדם נולדו בני חורין ושווים בערכם ובזכויותיהם.",
    "hi": ("सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।"),
    "it": (
        "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono "
        "dotati di ragione e di coscienza e devono agire gli uni verso gli altri in "
        "spirito di fratellanza."
    ),
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "nl": (
        "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn "
        "begiftigd met verstand en geweten, en behoren zich jegens elkander in een geest "
        "van broederschap te gedragen."
    ),
    "pl": (
        "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. "
        "Są oni obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu "
        "braterstwa."
    ),
    "pt": (
        "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. "
        "Dotados de razão e de consciência, devem agir uns para com os outros em espírito "
        "de fraternidade."
    ),
    "ru": (
        "Все люди рождаются свободными и равными в своем достоинстве и правах. Они "
        "наделены разумом и совестью и должны поступать в отношении друг друга в духе "
        "братства."
    ),
    "sv": (
        "Alla människor är födda fria och lika i värde och rättigheter. De har utrustats "
        "med förnuft och samvete och bör handla gentemot varandra i en anda av gemenskap."
    ),
    "th": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
    "tr": (
        "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana "
        "sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler."
    ),
    "uk": (
        "Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони "
        "наділені розумом і совістю і повинні діяти у відношенні один до одного в дусі "
        "братерства."
    ),
    "zh": "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。",
}
# Sentences of support, not seen when the words were chosen.
SUPPORT = {
    "cs": (
        "Bohužel nemůžu najít vaši objednávku, ale pokud mi pošlete číslo, podívám se na "
        "to ještě jednou."
    ),
    "da": (
        "Jeg kan desværre ikke finde din ordre, men hvis du sender mig nummeret, ser jeg "
        "på det igen."
    ),
    "de": (
        "Leider kann ich Ihre Bestellung nicht finden. Wenn Sie mir die Nummer schicken, "
        "sehe ich noch einmal nach."
    ),
    "en": (
        "Unfortunately I cannot find your order, but if you send me the number I will "
        "look at it again."
    ),
    "es": ("Lamentablemente no encuentro su pedido, pero si me envía el número lo vuelvo a mirar."),
    "fr": (
        "Malheureusement je ne trouve pas votre commande, mais si vous m'envoyez le "
        "numéro je regarde encore."
    ),
    "it": "Purtroppo non trovo il suo ordine, ma se mi manda il numero lo guardo di nuovo.",
    "nl": (
        "Helaas kan ik uw bestelling niet vinden, maar als u mij het nummer stuurt kijk "
        "ik er nog eens naar."
    ),
    "pl": (
        "Niestety nie mogę znaleźć tego zamówienia, ale jeśli prześle mi Pan numer, "
        "sprawdzę to jeszcze raz."
    ),
    "pt": ("Infelizmente não encontro o seu pedido, mas se me enviar o número eu vejo de novo."),
    "ru": (
        "К сожалению, я не могу найти ваш заказ, но если вы пришлёте мне номер, я посмотрю ещё раз."
    ),
    "sv": (
        "Tyvärr kan jag inte hitta din beställning, men om du skickar numret till mig "
        "tittar jag på det igen."
    ),
    "tr": (
        "Ne yazık ki siparişinizi bulamıyorum, ama bana numarayı gönderirseniz bir daha bakarım."
    ),
    "uk": (
        "На жаль, я не можу знайти ваше замовлення, але якщо ви надішлете номер, я "
        "подивлюся ще раз."
    ),
}


@pytest.mark.parametrize("code", known_languages())
def test_the_article_is_found_in_each_language(code: str) -> None:
    assert language_of(ARTICLE[code]) == code


@pytest.mark.parametrize("text", ["", "Paris", "12 34", "OK", "xyzzy plugh"])
def test_what_cannot_be_decided_is_not(text: str) -> None:
    assert language_of(text) == ""


@pytest.mark.parametrize("code", sorted(SUPPORT))
def test_short_answers_are_found(code: str) -> None:
    assert language_of(SUPPORT[code]) == code
