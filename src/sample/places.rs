//! Where the customers live: regions with their towns, telephone numbers and language.

use super::words::{ENGLISH, FRENCH, GERMAN, ITALIAN, POLISH, ROMANSH, Words};

pub(super) struct Region {
    pub(super) country: &'static str,
    pub(super) words: &'static Words,
    /// A `#` stands for any digit.
    pub(super) phones: &'static [&'static str],
    pub(super) towns: &'static [Town],
}

#[derive(Clone, Copy)]
pub(super) struct Town {
    pub(super) post_code: &'static str,
    pub(super) name: &'static str,
    pub(super) subdivision: &'static str,
}

/// The regions with the percentage of persons who live there.
pub(super) const REGIONS: [(u64, &Region); 11] = [
    (58, &GERMAN_SWITZERLAND),
    (18, &ROMANDY),
    (8, &TICINO),
    (3, &GRISONS),
    (4, &GERMANY),
    (2, &AUSTRIA),
    (1, &LIECHTENSTEIN),
    (2, &FRANCE),
    (2, &ITALY),
    (1, &UNITED_KINGDOM),
    (1, &POLAND),
];

const GERMAN_SWITZERLAND: Region = Region {
    country: "CH",
    words: &GERMAN,
    phones: &["+41 44 555 ## ##", "+41 31 555 ## ##", "+41 79 555 ## ##", "004161555####"],
    towns: &[
        town("8001", "Zürich", "ZH"),
        town("8008", "Zürich", "ZH"),
        town("8400", "Winterthur", "ZH"),
        town("8610", "Uster", "ZH"),
        town("8700", "Küsnacht ZH", "ZH"),
        town("8810", "Horgen", "ZH"),
        town("3011", "Bern", "BE"),
        town("3600", "Thun", "BE"),
        town("2502", "Biel/Bienne", "BE"),
        town("4051", "Basel", "BS"),
        town("4410", "Liestal", "BL"),
        town("4500", "Solothurn", "SO"),
        town("5000", "Aarau", "AG"),
        town("5400", "Baden", "AG"),
        town("6003", "Luzern", "LU"),
        town("6300", "Zug", "ZG"),
        town("6430", "Schwyz", "SZ"),
        town("6460", "Altdorf UR", "UR"),
        town("8200", "Schaffhausen", "SH"),
        town("8500", "Frauenfeld", "TG"),
        town("8280", "Kreuzlingen", "TG"),
        town("8750", "Glarus", "GL"),
        town("9000", "St. Gallen", "SG"),
        town("9050", "Appenzell", "AI"),
        town("3930", "Visp", "VS"),
    ],
};

const ROMANDY: Region = Region {
    country: "CH",
    words: &FRENCH,
    phones: &["+41 22 555 ## ##", "+41 21 555 ## ##", "+41 78 555 ## ##"],
    towns: &[
        town("1204", "Genève", "GE"),
        town("1227", "Carouge GE", "GE"),
        town("1003", "Lausanne", "VD"),
        town("1260", "Nyon", "VD"),
        town("1400", "Yverdon-les-Bains", "VD"),
        town("1800", "Vevey", "VD"),
        town("1630", "Bulle", "FR"),
        town("1700", "Fribourg", "FR"),
        town("1950", "Sion", "VS"),
        town("2000", "Neuchâtel", "NE"),
        town("2300", "La Chaux-de-Fonds", "NE"),
        town("2800", "Delémont", "JU"),
    ],
};

const TICINO: Region = Region {
    country: "CH",
    words: &ITALIAN,
    phones: &["+41 91 555 ## ##", "+41 76 555 ## ##"],
    towns: &[
        town("6500", "Bellinzona", "TI"),
        town("6600", "Locarno", "TI"),
        town("6612", "Ascona", "TI"),
        town("6780", "Airolo", "TI"),
        town("6850", "Mendrisio", "TI"),
        town("6900", "Lugano", "TI"),
    ],
};

const GRISONS: Region = Region {
    country: "CH",
    words: &ROMANSH,
    phones: &["+41 81 555 ## ##"],
    towns: &[
        town("7000", "Chur", "GR"),
        town("7130", "Ilanz", "GR"),
        town("7180", "Disentis/Mustér", "GR"),
        town("7500", "St. Moritz", "GR"),
        town("7550", "Scuol", "GR"),
    ],
};

const GERMANY: Region = Region {
    country: "DE",
    words: &GERMAN,
    phones: &["+49 30 5550 ####"],
    towns: &[
        town("10115", "Berlin", "Berlin"),
        town("50667", "Köln", "Nordrhein-Westfalen"),
        town("78462", "Konstanz", "Baden-Württemberg"),
        town("80331", "München", "Bayern"),
    ],
};

const AUSTRIA: Region = Region {
    country: "AT",
    words: &GERMAN,
    phones: &["+43 1 5550 ####"],
    towns: &[
        town("1010", "Wien", "Wien"),
        town("6900", "Bregenz", "Vorarlberg"),
        town("9020", "Klagenfurt am Wörthersee", "Kärnten"),
    ],
};

const LIECHTENSTEIN: Region = Region {
    country: "LI",
    words: &GERMAN,
    phones: &["+423 555 ## ##"],
    towns: &[town("9490", "Vaduz", "Oberland"), town("9494", "Schaan", "Oberland")],
};

const FRANCE: Region = Region {
    country: "FR",
    words: &FRENCH,
    phones: &["+33 1 55 50 ## ##"],
    towns: &[
        town("74000", "Annecy", "Auvergne-Rhône-Alpes"),
        town("75001", "Paris", "Île-de-France"),
        town("01210", "Ferney-Voltaire", "Auvergne-Rhône-Alpes"),
    ],
};

const ITALY: Region = Region {
    country: "IT",
    words: &ITALIAN,
    phones: &["+39 02 5550 ####"],
    towns: &[
        town("00186", "Roma", "RM"),
        town("20121", "Milano", "MI"),
        town("22100", "Como", "CO"),
    ],
};

const UNITED_KINGDOM: Region = Region {
    country: "GB",
    words: &ENGLISH,
    phones: &["+44 20 7946 0###"],
    towns: &[town("EH1 2NG", "Edinburgh", "Scotland"), town("W1D 3AF", "London", "Greater London")],
};

const POLAND: Region = Region {
    country: "PL",
    words: &POLISH,
    phones: &["+48 22 555 ## ##"],
    towns: &[
        town("31-001", "Kraków", "małopolskie"),
        town("80-001", "Gdańsk", "pomorskie"),
        town("90-001", "Łódź", "łódzkie"),
    ],
};

const fn town(post_code: &'static str, name: &'static str, subdivision: &'static str) -> Town {
    Town { post_code, name, subdivision }
}
