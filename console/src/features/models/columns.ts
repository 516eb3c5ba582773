/** Hides a column in windows that are too narrow for it. */
export const FROM_SM = "max-sm:hidden";
export const FROM_MD = "max-md:hidden";
export const FROM_LG = "max-lg:hidden";
export const FROM_XL = "max-xl:hidden";
